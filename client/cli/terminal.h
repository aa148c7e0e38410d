#ifndef EARSHOT_CLIENT_CLI_TERMINAL_H_
#define EARSHOT_CLIENT_CLI_TERMINAL_H_

#include <string>

#include "absl/strings/string_view.h"

namespace earshot {

// The terminal behind a file descriptor, as it is now.
struct Terminal {
  int columns = 0;  // 0: it is none
  int rows = 0;
  bool colors = false;  // it is one, and $NO_COLOR does not forbid it

  bool there() const { return columns > 0; }
};
Terminal TerminalOf(int fd);

// Text of others, fit to be shown: one line, and nothing that a terminal would
// obey.
std::string Printable(absl::string_view text);

// How many columns printable text takes: one for each character.
int WidthOf(absl::string_view text);
// At most so many columns of it, with an ellipsis where something is missing.
std::string CutTo(absl::string_view text, int columns);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_CLI_TERMINAL_H_
