#ifndef EARSHOT_SERVER_ACCESS_TOKEN_FILE_H_
#define EARSHOT_SERVER_ACCESS_TOKEN_FILE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace earshot {

// Whose tokens are: a file with a line "SUBJECT sha256:HEX" for each token, the
// hash being that of the token's bytes; "#" begins a comment. A subject may
// have several tokens, so that one can follow another. Never changes: a
// snapshot that any thread may use.
class TokenFile {
 public:
  // An error is "line:column: what is wrong; what is allowed".
  static absl::StatusOr<std::shared_ptr<const TokenFile>> Parse(
      const std::string& text);

  // Nothing if it is none of them. Takes the same time whichever it is.
  std::optional<std::string> SubjectOf(absl::string_view token) const;

  // By subject, each once.
  const std::vector<std::string>& subjects() const { return subjects_; }
  size_t tokens() const { return tokens_.size(); }

 private:
  using Hash = std::array<uint64_t, 4>;  // SHA-256

  struct Token {
    Hash hash;
    size_t subject;
  };

  TokenFile() = default;

  static bool Same(const Hash& one, const Hash& other);
  static Hash HashOf(absl::string_view token);
  static bool ReadHash(absl::string_view hex, Hash* hash);
  absl::Status AddLine(int number, absl::string_view line);

  std::vector<std::string> subjects_;
  std::vector<Token> tokens_;
};

}  // namespace earshot

#endif  // EARSHOT_SERVER_ACCESS_TOKEN_FILE_H_
