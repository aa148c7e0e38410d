#include "server/access/token_file.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/access/pattern.h"

namespace earshot {
namespace {

// Each is compared for each call: some microseconds in all.
constexpr size_t kMaxTokens = 10000;
constexpr size_t kMaxSubjectBytes = 256;
constexpr size_t kHexDigits = 2 * SHA256_DIGEST_LENGTH;
constexpr absl::string_view kPrefix = "sha256:";
constexpr absl::string_view kAllowed =
    "; expected is SUBJECT sha256:HEX, the hash as of "
    "printf %s \"$TOKEN\" | sha256sum";

absl::Status ErrorAt(int line, size_t column, absl::string_view message) {
  return absl::InvalidArgumentError(
      absl::StrCat(line, ":", column + 1, ": ", message, kAllowed));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const TokenFile>> TokenFile::Parse(
    const std::string& text) {
  std::shared_ptr<TokenFile> file(new TokenFile);
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const absl::Status status = file->AddLine(++number, line);
    if (!status.ok()) return status;
  }
  if (file->tokens_.empty()) {
    return ErrorAt(1, 0, "it has no token");
  }
  return std::shared_ptr<const TokenFile>(std::move(file));
}

absl::Status TokenFile::AddLine(int number, absl::string_view line) {
  const absl::string_view text =
      absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
  if (text.empty()) return absl::OkStatus();
  const auto column = [line](absl::string_view part) {
    return static_cast<size_t>(part.data() - line.data());
  };
  const size_t end = text.find_first_of(" \t");
  const absl::string_view subject = text.substr(0, end);
  if (!IsIdentityText(subject) || subject.size() > kMaxSubjectBytes) {
    return ErrorAt(number, column(subject),
                   "the subject has to be of at most 256 visible ASCII "
                   "characters without quotes and backslashes");
  }
  if (end == absl::string_view::npos) {
    return ErrorAt(number, column(subject) + subject.size(),
                   "the hash is missing");
  }
  const absl::string_view word =
      absl::StripLeadingAsciiWhitespace(text.substr(end));
  Hash hash{};
  if (!absl::StartsWith(word, kPrefix) ||
      !ReadHash(word.substr(kPrefix.size()), &hash)) {
    return ErrorAt(number, column(word),
                   "the hash is none of sha256: and 64 hexadecimal digits");
  }
  if (Same(hash, HashOf(""))) {
    return ErrorAt(number, column(word), "it is the hash of an empty token");
  }
  if (std::any_of(tokens_.begin(), tokens_.end(), [&hash](const Token& token) {
        return Same(token.hash, hash);
      })) {
    return ErrorAt(number, column(word), "the token is there already");
  }
  if (tokens_.size() >= kMaxTokens) {
    return ErrorAt(number, 0,
                   absl::StrCat("more than ", kMaxTokens, " tokens"));
  }
  const auto known = std::find(subjects_.begin(), subjects_.end(), subject);
  tokens_.push_back({hash, static_cast<size_t>(known - subjects_.begin())});
  if (known == subjects_.end()) subjects_.emplace_back(subject);
  return absl::OkStatus();
}

std::optional<std::string> TokenFile::SubjectOf(absl::string_view token) const {
  const Hash hash = HashOf(token);
  const Token* found = nullptr;
  for (const Token& one : tokens_) {
    if (Same(one.hash, hash)) found = &one;
  }
  if (found == nullptr) return std::nullopt;
  return subjects_[found->subject];
}

bool TokenFile::Same(const Hash& one, const Hash& other) {
  uint64_t difference = 0;
  for (size_t i = 0; i < one.size(); ++i) difference |= one[i] ^ other[i];
  return difference == 0;
}

TokenFile::Hash TokenFile::HashOf(absl::string_view token) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(),
         digest);
  Hash hash;
  static_assert(sizeof(hash) == sizeof(digest));
  std::memcpy(hash.data(), digest, sizeof(digest));
  return hash;
}

bool TokenFile::ReadHash(absl::string_view hex, Hash* hash) {
  if (hex.size() != kHexDigits ||
      !std::all_of(hex.begin(), hex.end(),
                   [](unsigned char c) { return absl::ascii_isxdigit(c); })) {
    return false;
  }
  const std::string bytes = absl::HexStringToBytes(hex);
  std::memcpy(hash->data(), bytes.data(), sizeof(*hash));
  return true;
}

}  // namespace earshot
