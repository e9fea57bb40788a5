// Replies that hold a token: the HTTP parser keeps to its bytes, what is taken for a token has only the
// bytes of one, and the slot holds it alone or nothing, wherever the slot lies.
//
// Input: a byte of which the lowest bit says that the connection has ended and which gives the length of
// the slot, then the reply, or a bare JSON text.

#include <vector>

#include "fuzz.h"

#include "../../../native/addon/http-reply.cc"
#include "../../../native/addon/json-members.cc"
#include "../../../native/addon/key-reader.cc"
#include "../../../native/addon/token-reply.cc"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::vector<unsigned char> reply(data + 1, data + size);
  HttpReply http = ReadHttpReply(reply.data(), reply.size(), (data[0] & 1) != 0);
  unsigned char* body = reply.data();
  size_t length = reply.size();
  if (http.state == HttpReplyState::kWhole) {
    REQUIRE(http.body_start <= reply.size() && http.body_length <= reply.size() - http.body_start);
    REQUIRE(http.status >= 200 && http.status <= 999);
    body += http.body_start;
    length = http.body_length;
  }
  const unsigned char* code = nullptr;
  size_t code_length = FindErrorCode(body, length, &code);
  REQUIRE(code_length == 0 || (code >= body && code + code_length <= body + length));

  std::vector<unsigned char> apart(1 + data[0] / 2, 'x');
  std::vector<unsigned char> copy(body, body + length);
  TokenReply token = TakeToken(copy.data(), length, "value", apart.data(), apart.size());
  size_t kept = token.failure == nullptr ? token.token_length : 0;
  REQUIRE(kept <= apart.size() && (token.failure != nullptr || kept > 0));
  for (size_t i = 0; i < apart.size(); i++) REQUIRE(i < kept ? IsKeyByte(apart[i]) : apart[i] == 0);

  if (reply.size() > apart.size()) {
    size_t at = data[0] % (reply.size() - apart.size());
    TokenReply inside = TakeToken(body, length, "value", reply.data() + at, apart.size());
    REQUIRE((inside.failure == nullptr) == (token.failure == nullptr));
    REQUIRE(memcmp(reply.data() + at, apart.data(), apart.size()) == 0);
  }
  return 0;
}
