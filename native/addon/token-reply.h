// What a token endpoint answered, taken apart in place: the token goes into its slot, and nothing else
// of the reply's text is handed on. Apart from Node, so that it can be tested and fuzzed alone.
#ifndef TOKEN_REPLY_H
#define TOKEN_REPLY_H

#include <cstddef>

struct TokenReply {
  const char* failure;       // nullptr, or MALFORMED, NO_TOKEN, BAD_CHARACTER, TOO_LARGE
  size_t token_length;       // bytes of token at the start of the slot
  bool has_token_type;       // RFC 8693 section 2.2.1, as are the next three
  bool is_bearer;
  bool has_issued_type;
  bool is_access_token;
  double expires_in;         // whole seconds; -1 where absent, -2 where it is no whole number
  double expires_at;         // seconds since 1970; likewise
};

// Moves the member `token_name` of the JSON object in `body` into `slot`, which may overlap the body: the
// body is used up. On failure the slot is zeroed.
TokenReply TakeToken(const unsigned char* body, size_t length, const char* token_name, unsigned char* slot,
                     size_t capacity);

// RFC 6749 section 5.2: the code of a refusal, lower-case letters and `_` alone so that it can be shown.
// Returns its length, 0 where there is none.
size_t FindErrorCode(const unsigned char* body, size_t length, const unsigned char** code);

#endif
