// Finding members of a JSON object in place, apart from Node, so that it can be tested and fuzzed
// alone. Nothing is copied, decoded or allocated: what is found is a place in the text.
#ifndef JSON_MEMBERS_H
#define JSON_MEMBERS_H

#include <cstddef>

enum class JsonKind { kAbsent, kString, kNumber, kNull, kOther };

struct JsonMember {
  const char* name;                   // wanted, of the object at the top alone
  JsonKind kind = JsonKind::kAbsent;  // what follows is set where it is found
  size_t start = 0;                   // of a string without its quotes
  size_t length = 0;
  bool has_escape = false;            // a string that is not what it says until it is decoded
};

// Whether the text is one well-formed JSON object (RFC 8259), nested 16 deep at most, that has none of
// the wanted names twice and no name at the top with an escape, which could be a wanted one in disguise.
bool FindJsonMembers(const unsigned char* text, size_t length, JsonMember* wanted, size_t count);

#endif
