#include "server/resume_token.h"

#include <cstddef>
#include <random>

namespace earshot {
namespace {

constexpr size_t kTokenBytes = 16;

}  // namespace

std::string NewResumeToken() {
  std::random_device random;  // of the system: not to be guessed
  std::string token;
  while (token.size() < kTokenBytes) {
    token.push_back(static_cast<char>(random() & 0xff));
  }
  return token;
}

bool SameToken(absl::string_view one, absl::string_view other) {
  if (one.size() != other.size()) return false;
  unsigned char difference = 0;
  for (size_t i = 0; i < one.size(); ++i) {
    difference = static_cast<unsigned char>(
        difference | (static_cast<unsigned char>(one[i]) ^
                      static_cast<unsigned char>(other[i])));
  }
  return difference == 0;
}

}  // namespace earshot
