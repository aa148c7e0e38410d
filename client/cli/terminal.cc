#include "client/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

constexpr int kUsualColumns = 80;
constexpr int kUsualRows = 24;
constexpr char kEllipsis[] = "\u2026";

bool StartsCharacter(unsigned char byte) { return (byte & 0xc0) != 0x80; }

// How many bytes the UTF-8 character at the front has; 0 if it is none.
size_t CharacterBytes(absl::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t bytes = first < 0x80   ? 1
                       : first < 0xc2 ? 0
                       : first < 0xe0 ? 2
                       : first < 0xf0 ? 3
                       : first < 0xf5 ? 4
                                      : 0;
  if (bytes == 0 || text.size() < bytes) return 0;
  for (size_t i = 1; i < bytes; ++i) {
    if (StartsCharacter(static_cast<unsigned char>(text[i]))) return 0;
  }
  return bytes;
}

// C0, DEL, and C1, which is C2 80 to C2 9F in UTF-8.
bool IsControl(absl::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  return first < 0x20 || first == 0x7f ||
         (first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0);
}

}  // namespace

Terminal TerminalOf(int fd) {
  Terminal terminal;
  if (isatty(fd) == 0) return terminal;
  winsize size = {};
  const bool known = ioctl(fd, TIOCGWINSZ, &size) == 0;
  terminal.columns = known && size.ws_col > 0 ? size.ws_col : kUsualColumns;
  terminal.rows = known && size.ws_row > 0 ? size.ws_row : kUsualRows;
  const char* no_color = std::getenv("NO_COLOR");
  const char* kind = std::getenv("TERM");
  terminal.colors = (no_color == nullptr || *no_color == '\0') &&
                    (kind == nullptr || std::string(kind) != "dumb");
  return terminal;
}

std::string Printable(absl::string_view text) {
  std::string result;
  while (!text.empty()) {
    const size_t bytes = CharacterBytes(text);
    const bool good = bytes > 0 && !IsControl(text.substr(0, bytes));
    absl::StrAppend(&result, good ? text.substr(0, bytes) : "?");
    text.remove_prefix(bytes > 0 ? bytes : 1);
  }
  return result;
}

int WidthOf(absl::string_view text) {
  int columns = 0;
  for (const char c : text) {
    if (StartsCharacter(static_cast<unsigned char>(c))) ++columns;
  }
  return columns;
}

std::string CutTo(absl::string_view text, int columns) {
  if (WidthOf(text) <= columns) return std::string(text);
  if (columns < 1) return "";
  size_t end = 0;
  for (int left = columns; end < text.size(); ++end) {
    if (!StartsCharacter(static_cast<unsigned char>(text[end]))) continue;
    if (--left == 0) break;
  }
  return absl::StrCat(text.substr(0, end), kEllipsis);
}

}  // namespace earshot
