// A token is taken only as it stands, without escapes, and only of the bytes that a key may have.

#include "token-reply.h"

#include <cstring>
#include <strings.h>

#include "../wipe.h"
#include "json-members.h"
#include "key-reader.h"

namespace {

// 2^53 has 16 digits; a time in seconds has 10.
constexpr size_t kMaxNumberDigits = 15;

constexpr size_t kMaxErrorCodeBytes = 40;

bool IsText(const unsigned char* body, const JsonMember& member, const char* text, bool any_case) {
  if (member.kind != JsonKind::kString || member.has_escape || member.length != strlen(text)) return false;
  const char* found = reinterpret_cast<const char*>(body + member.start);
  return any_case ? strncasecmp(found, text, member.length) == 0 : memcmp(found, text, member.length) == 0;
}

double WholeSeconds(const unsigned char* body, const JsonMember& member) {
  if (member.kind == JsonKind::kAbsent || member.kind == JsonKind::kNull) return -1;
  if (member.kind != JsonKind::kNumber || member.length > kMaxNumberDigits) return -2;
  double value = 0;
  for (size_t i = 0; i < member.length; i++) {
    unsigned char byte = body[member.start + i];
    if (byte < '0' || byte > '9') return -2;
    value = 10 * value + (byte - '0');
  }
  return value;
}

TokenReply Take(const unsigned char* body, size_t length, const char* token_name, unsigned char* slot, size_t capacity) {
  JsonMember members[] = {{token_name}, {"token_type"}, {"issued_token_type"}, {"expires_in"}, {"expires_at"}};
  TokenReply reply = {};
  if (!FindJsonMembers(body, length, members, sizeof members / sizeof *members)) {
    reply.failure = "MALFORMED";
    return reply;
  }
  const JsonMember& token = members[0];
  if (token.kind != JsonKind::kString || token.length == 0) {
    reply.failure = "NO_TOKEN";
  } else if (token.length > capacity) {
    reply.failure = "TOO_LARGE";
  }
  if (reply.failure != nullptr) return reply;
  for (size_t i = 0; i < token.length; i++) {
    if (!IsKeyByte(body[token.start + i])) {
      reply.failure = "BAD_CHARACTER";
      return reply;
    }
  }
  reply.token_length = token.length;
  reply.has_token_type = members[1].kind != JsonKind::kAbsent;
  reply.is_bearer = IsText(body, members[1], "bearer", true);
  reply.has_issued_type = members[2].kind != JsonKind::kAbsent;
  reply.is_access_token = IsText(body, members[2], "urn:ietf:params:oauth:token-type:access_token", false);
  reply.expires_in = WholeSeconds(body, members[3]);
  reply.expires_at = WholeSeconds(body, members[4]);
  // Last, as the slot may be a part of the memory in which the reply lies.
  memmove(slot, body + token.start, token.length);
  wipe(slot + token.length, capacity - token.length);
  return reply;
}

}  // namespace

TokenReply TakeToken(const unsigned char* body, size_t length, const char* token_name, unsigned char* slot,
                     size_t capacity) {
  TokenReply reply = Take(body, length, token_name, slot, capacity);
  if (reply.failure != nullptr) wipe(slot, capacity);
  return reply;
}

size_t FindErrorCode(const unsigned char* body, size_t length, const unsigned char** code) {
  JsonMember error = {"error"};
  if (!FindJsonMembers(body, length, &error, 1)) return 0;
  if (error.kind != JsonKind::kString || error.length > kMaxErrorCodeBytes) return 0;
  for (size_t i = 0; i < error.length; i++) {
    unsigned char byte = body[error.start + i];
    if ((byte < 'a' || byte > 'z') && byte != '_') return 0;
  }
  *code = body + error.start;
  return error.length;
}
