#include "server/underrun_words.h"

#include <chrono>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

const char* InWords(UnderrunCause cause) {
  switch (cause) {
    case UnderrunCause::kNetworkLate:
      return "packets came late";
    case UnderrunCause::kSourceStarved:
      return "the guest gave its sound late";
    case UnderrunCause::kOutage:
      return "nothing came, or the call was broken";
    case UnderrunCause::kServerOverload:
      return "the server was late";
  }
  return "";
}

}  // namespace

std::string InWords(const Underrun& underrun, MonotonicTime now) {
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  return absl::StrCat(
      "the last underrun was ",
      std::chrono::floor<seconds>(now - underrun.end).count(),
      " s ago: ", InWords(underrun.cause), "; it took ",
      std::chrono::ceil<milliseconds>(underrun.duration).count(), " ms");
}

}  // namespace earshot
