// A strict reader for the little JSON that a policy is: objects, arrays, strings and booleans. What is
// not exactly JSON is a problem, never a guess: a policy half understood would be one not enforced.

#include <stdlib.h>
#include <string.h>

#include "sandbox.h"

void json_problem(struct json_reader *reader, const char *problem) {
  if (reader->problem == NULL) reader->problem = problem;
}

static void skip_space(struct json_reader *reader) {
  reader->at += strspn(reader->at, " \t\r\n");
}

bool json_peek(struct json_reader *reader, char character) {
  skip_space(reader);
  return reader->problem == NULL && *reader->at == character;
}

bool json_take(struct json_reader *reader, char character) {
  if (!json_peek(reader, character)) return false;
  reader->at++;
  return true;
}

void json_end(struct json_reader *reader) {
  skip_space(reader);
  if (*reader->at != '\0') json_problem(reader, "there is more after the end");
}

bool json_boolean(struct json_reader *reader) {
  skip_space(reader);
  bool is_true = strncmp(reader->at, "true", 4) == 0;
  if (!is_true && strncmp(reader->at, "false", 5) != 0) {
    json_problem(reader, "true or false expected");
    return false;
  }
  reader->at += is_true ? 4 : 5;
  return is_true;
}

// Four hexadecimal digits; -1 when they are not.
static long four_digits(const char *text) {
  long value = 0;
  for (int i = 0; i < 4; i++) {
    char c = text[i];
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

static char *put_utf8(char *out, long point) {
  if (point < 0x80) {
    *out++ = (char)point;
  } else if (point < 0x800) {
    *out++ = (char)(0xC0 | point >> 6);
    *out++ = (char)(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    *out++ = (char)(0xE0 | point >> 12);
    *out++ = (char)(0x80 | (point >> 6 & 0x3F));
    *out++ = (char)(0x80 | (point & 0x3F));
  } else {
    *out++ = (char)(0xF0 | point >> 18);
    *out++ = (char)(0x80 | (point >> 12 & 0x3F));
    *out++ = (char)(0x80 | (point >> 6 & 0x3F));
    *out++ = (char)(0x80 | (point & 0x3F));
  }
  return out;
}

// The code point after `\u`, a surrogate pair taken as one. NUL is none: a path would end there.
static long escaped_point(struct json_reader *reader) {
  long point = four_digits(reader->at);
  if (point <= 0 || (point >= 0xDC00 && point <= 0xDFFF)) return -1;
  reader->at += 4;
  if (point < 0xD800 || point > 0xDBFF) return point;
  if (reader->at[0] != '\\' || reader->at[1] != 'u') return -1;
  long low = four_digits(reader->at + 2);
  if (low < 0xDC00 || low > 0xDFFF) return -1;
  reader->at += 6;
  return 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
}

// Bytes above 127 are taken as they are: paths need not be UTF-8.
char *json_string(struct json_reader *reader) {
  if (!json_take(reader, '"')) {
    json_problem(reader, "a string expected");
    return NULL;
  }
  char *text = malloc(strlen(reader->at) + 1), *out = text;
  if (text == NULL) {
    json_problem(reader, "out of memory");
    return NULL;
  }
  while (*reader->at != '"') {
    unsigned char c = (unsigned char)*reader->at;
    if (c < 0x20) {
      json_problem(reader, c == '\0' ? "a string without an end" : "a control character in a string");
      break;
    }
    reader->at++;
    if (c != '\\') {
      *out++ = (char)c;
      continue;
    }
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    char escape = *reader->at;
    const char *name = escape == '\0' ? NULL : strchr(names, escape);
    if (name != NULL) {
      reader->at++;
      *out++ = meanings[name - names];
    } else {
      if (escape == 'u') reader->at++;
      long point = escape == 'u' ? escaped_point(reader) : -1;
      if (point < 0) {
        json_problem(reader, "an escape that is none in a string");
        break;
      }
      out = put_utf8(out, point);
    }
  }
  if (reader->problem != NULL) {
    free(text);
    return NULL;
  }
  reader->at++;
  *out = '\0';
  return text;
}
