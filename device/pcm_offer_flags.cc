#include "device/pcm_offer_flags.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "flags/command_line.h"

namespace earshot {
namespace {

namespace po = boost::program_options;

std::string NameOf(const PcmFormat& format) { return format.name; }
std::string NameOf(const PcmRate& rate) { return absl::StrCat(rate.hz); }

// The names of the entries whose codes are set.
template <typename Entry>
std::string Names(absl::Span<const Entry> table, uint64_t codes) {
  std::vector<std::string> names;
  for (const Entry& entry : table) {
    if ((codes >> entry.code & 1) != 0) names.push_back(NameOf(entry));
  }
  return absl::StrJoin(names, ",");
}

template <typename Entry>
absl::Status Take(absl::string_view flag, const std::string& list,
                  absl::Span<const Entry> table, uint64_t* codes) {
  *codes = 0;
  for (absl::string_view name : absl::StrSplit(list, ',')) {
    const uint64_t before = *codes;
    for (const Entry& entry : table) {
      if (name == NameOf(entry) || name == "all") {
        *codes |= uint64_t{1} << entry.code;
      }
    }
    if (*codes == before) {
      return NotAllowed(flag, list,
                        absl::StrCat("\"", std::string(name),
                                     "\" is not known, or is there twice; "
                                     "allowed are all, or some of ",
                                     Names(table, ~uint64_t{0})));
    }
  }
  return absl::OkStatus();
}

}  // namespace

void PcmOfferFlags::AddTo(po::options_description& options) {
  // clang-format off
  options.add_options()
      ("formats", po::value(&formats_)->value_name("LIST")
                      ->default_value(Names(PcmFormats(), offer_.formats)),
       "the sample formats that the guest may use, or all; its driver sizes "
       "its rings for the largest of them, as of rates and channels")
      ("rates", po::value(&rates_)->value_name("LIST")
                    ->default_value(Names(PcmRates(), offer_.rates)),
       "the rates in Hz, or all: 8000 to 192000; those that Opus has not are "
       "resampled")
      ("channels", po::value(&offer_.channels_max)->value_name("N")
                       ->default_value(offer_.channels_max),
       "channels at most: 1 to 8");
  // clang-format on
}

absl::Status PcmOfferFlags::Check() {
  absl::Status status =
      Take("formats", formats_, PcmFormats(), &offer_.formats);
  if (!status.ok()) return status;
  status = Take("rates", rates_, PcmRates(), &offer_.rates);
  if (!status.ok()) return status;
  if (offer_.channels_max < 1 || offer_.channels_max > kMostChannels) {
    return NotAllowed("channels", absl::StrCat(offer_.channels_max),
                      absl::StrCat("must be 1 to ", kMostChannels));
  }
  return absl::OkStatus();
}

}  // namespace earshot
