// libFuzzer's way into the parsers of replies that hold a token. By hand:
//   clang++ -g -O1 -std=c++17 -fsanitize=fuzzer,address,undefined -Inative/addon test/fuzz/token-reply.cc \
//     native/addon/{token-reply,json-members,http-reply,key-reader}.cc -o /tmp/fuzz && /tmp/fuzz -max_len=4096

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "http-reply.h"
#include "key-reader.h"
#include "token-reply.h"

static void Require(bool holds) {
  if (!holds) abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  // On the heap and no longer than needed, so that one byte too far is seen.
  std::vector<unsigned char> reply(data + 1, data + size);
  HttpReply http = ReadHttpReply(reply.data(), reply.size(), (data[0] & 1) != 0);
  unsigned char* body = reply.data();
  size_t length = reply.size();
  if (http.state == HttpReplyState::kWhole) {
    Require(http.body_start <= reply.size() && http.body_length <= reply.size() - http.body_start);
    Require(http.status >= 100 && http.status <= 999);
    body += http.body_start;
    length = http.body_length;
  }
  const unsigned char* code = nullptr;
  size_t code_length = FindErrorCode(body, length, &code);
  Require(code_length == 0 || (code >= body && code + code_length <= body + length));

  std::vector<unsigned char> apart(1 + data[0] / 2, 'x');
  std::vector<unsigned char> copy(body, body + length);
  TokenReply token = TakeToken(copy.data(), length, "value", apart.data(), apart.size());
  size_t kept = token.failure == nullptr ? token.token_length : 0;
  Require(kept <= apart.size());
  for (size_t i = 0; i < apart.size(); i++) Require(i < kept ? IsKeyByte(apart[i]) : apart[i] == 0);

  // The same where the slot lies in the reply.
  if (reply.size() > apart.size()) {
    size_t at = data[0] % (reply.size() - apart.size());
    TokenReply inside = TakeToken(body, length, "value", reply.data() + at, apart.size());
    Require((inside.failure == nullptr) == (token.failure == nullptr));
    Require(memcmp(reply.data() + at, apart.data(), apart.size()) == 0);
  }
  return 0;
}
