// Glob patterns of KEYS, SCAN, CONFIG GET, PSUBSCRIBE and ACL rules.
//
//   ?        one byte                          [abc]    one byte out of the class
//   *        any bytes, also none              [^abc]   one byte not in the class
//   \x       the byte x itself                 [a-c]    a range, also written backwards, [c-a]
//
// The corners are Redis' own: a class that is never closed ends with the pattern; "[]" matches nothing and
// "[^]" any byte; inside a class '\' takes the next byte as it is; a '\' that ends the pattern stands for
// itself.
#pragma once

#include "storage/base/units.h"

namespace shoal {

/// Whether letters match only themselves, or (ASCII only) also the other case.
enum class Case { kSensitive, kInsensitive };

/// True if `pattern` matches the whole of `text`. Any bytes, zero too. Time at most |pattern| times |text|,
/// whatever the pattern: after a mismatch only the last '*' is tried again, since an earlier one can gain
/// nothing. No recursion, no allocation.
bool glob_match(View pattern, View text, Case letter_case = Case::kSensitive);

}  // namespace shoal
