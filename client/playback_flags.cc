#include "client/playback_flags.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/server_address.h"
#include "flags/command_line.h"

namespace earshot {

namespace po = boost::program_options;

void PlaybackFlags::AddTo(po::options_description& options,
                          const std::string& default_server,
                          const std::string& default_vm) {
  auto* vm = po::value(&vm_)->value_name("NAME");
  if (!default_vm.empty()) vm->default_value(default_vm);
  connection_.AddTo(options, default_server);
  // clang-format off
  options.add_options()
      ("vm", vm, "who plays: the stream is vms/NAME/streams/0")
      ("codec", po::value(&codec_name_)->value_name("CODEC")
                    ->default_value("opus"),
       "opus, or pcm: lossless 16 bits for a fast network")
      ("frame-ms", po::value(&packet_ms_)->value_name("MS")
                       ->notifier([this](double) { packet_ms_given_ = true; }),
       "sound in a packet: 2.5, 5, 10 or 20; without it 10, or 5 with "
       "--low-latency")
      ("low-latency", po::bool_switch(&low_latency_),
       "the least delay: short packets, and a smaller margin at the service")
      ("bitrate", po::value(&codec_.bitrate_bps)->value_name("BPS")
                      ->default_value(codec_.bitrate_bps),
       "Opus, 6000 to 510000 bits per second; 0 means 64000 a channel")
      ("complexity", po::value(&codec_.complexity)->value_name("N")
                         ->default_value(codec_.complexity),
       "Opus, 0 to 10: more CPU for better sound");
  // clang-format on
}

absl::Status PlaybackFlags::Check() {
  if (absl::Status s = connection_.Check(); !s.ok()) return s;
  if (absl::Status s = CheckServerAddresses(server()); !s.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--server: ", s.message()));
  }
  if (vm_.empty()) {
    return absl::InvalidArgumentError(
        "--vm=NAME is needed: the VM's name at the service");
  }
  if (!IsName(vm_)) {
    return NotAllowed("vm", vm_, "must be 1 to 63 of A-Z a-z 0-9 . _ -");
  }
  return CheckCodec();
}

absl::Status PlaybackFlags::CheckCodec() {
  if (codec_name_ == "opus") {
    codec_.codec = AudioCodec::kOpus;
  } else if (codec_name_ == "pcm") {
    codec_.codec = AudioCodec::kPcmS16Le;
  } else {
    return NotAllowed("codec", codec_name_, "must be opus or pcm");
  }
  if (!packet_ms_given_) packet_ms_ = low_latency_ ? 5 : 10;
  const auto packet_us =
      static_cast<int>(std::lrint(std::clamp(packet_ms_, 0.0, 1000.0) * 1000));
  if (packet_us != 2500 && packet_us != 5000 && packet_us != 10000 &&
      packet_us != 20000) {
    return NotAllowed("frame-ms", absl::StrCat(packet_ms_),
                      "must be 2.5, 5, 10 or 20");
  }
  codec_.packet_us = packet_us;
  if (codec_.bitrate_bps != 0 &&
      (codec_.bitrate_bps < 6000 || codec_.bitrate_bps > 510000)) {
    return NotAllowed("bitrate", absl::StrCat(codec_.bitrate_bps),
                      "must be 6000 to 510000 bits per second, or 0");
  }
  if (codec_.complexity < 0 || codec_.complexity > 10) {
    return NotAllowed("complexity", absl::StrCat(codec_.complexity),
                      "must be 0 to 10");
  }
  return absl::OkStatus();
}

bool IsName(absl::string_view name) {
  return !name.empty() && name.size() <= 63 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
         });
}

}  // namespace earshot
