#ifndef EARSHOT_CLIENT_PLAYBACK_FLAGS_H_
#define EARSHOT_CLIENT_PLAYBACK_FLAGS_H_

#include <boost/program_options.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/codec_options.h"
#include "client/connection_flags.h"

namespace earshot {

// The flags of every program that plays at the service: where it is, who plays,
// and how the sound is coded. Values are checked apart from parsing, so that an
// error says what is allowed.
class PlaybackFlags {
 public:
  // Adds them; this outlives `options`. An empty `default_vm` means that there
  // is none, and Check() wants one.
  void AddTo(boost::program_options::options_description& options,
             const std::string& default_server, const std::string& default_vm);
  // After parsing. INVALID_ARGUMENT names the flag and what is allowed.
  absl::Status Check();

  const ConnectionFlags& connection() const { return connection_; }
  const std::string& server() const { return connection_.server(); }
  const std::string& vm() const { return vm_; }
  const CodecOptions& codec() const { return codec_; }
  bool low_latency() const { return low_latency_; }

 private:
  absl::Status CheckCodec();

  ConnectionFlags connection_;
  std::string vm_;
  CodecOptions codec_;
  // As they stand on the command line.
  std::string codec_name_;
  double packet_ms_ = 0;
  bool packet_ms_given_ = false;
  bool low_latency_ = false;
};

// 1 to 63 of A-Z a-z 0-9 . _ -, as the contract has them in names.
bool IsName(absl::string_view name);

}  // namespace earshot

#endif  // EARSHOT_CLIENT_PLAYBACK_FLAGS_H_
