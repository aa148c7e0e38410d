#ifndef EARSHOT_DEVICE_PCM_OFFER_FLAGS_H_
#define EARSHOT_DEVICE_PCM_OFFER_FLAGS_H_

#include <boost/program_options.hpp>
#include <string>

#include "absl/status/status.h"
#include "device/sound/pcm_params.h"

namespace earshot {

// The flags that say what the guest's sound card offers: --formats, --rates and
// --channels. Values are checked apart from parsing, so that an error says what
// is allowed.
class PcmOfferFlags {
 public:
  // Adds them; this outlives `options`.
  void AddTo(boost::program_options::options_description& options);
  // After parsing. INVALID_ARGUMENT names the flag and what is allowed.
  absl::Status Check();

  const PcmOffer& offer() const { return offer_; }

 private:
  PcmOffer offer_;
  // As they stand on the command line.
  std::string formats_;
  std::string rates_;
};

}  // namespace earshot

#endif  // EARSHOT_DEVICE_PCM_OFFER_FLAGS_H_
