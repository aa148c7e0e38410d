#include "server/request_check.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "codec/opus_layout.h"

namespace earshot {
namespace {

constexpr char kStreams[] = "streams";
constexpr char kProbes[] = "probes";
constexpr size_t kMaxVmBytes = 63;
constexpr size_t kMaxIdBytes = 9;  // an int32
constexpr int kMaxLabels = 16;
constexpr size_t kMaxLabelBytes = 63;
constexpr size_t kMaxClientBytes = 128;
constexpr size_t kMaxTokenBytes = 64;
constexpr double kMaxPpm = 1e6;
constexpr int64_t kMaxRoundTripUs = int64_t{24} * 3600 * 1000000;  // a day
constexpr int64_t kMaxClientDelayUs = kMaxRoundTripUs;

bool IsVm(absl::string_view vm) {
  return !vm.empty() && vm.size() <= kMaxVmBytes &&
         std::all_of(vm.begin(), vm.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
         });
}

bool IsId(absl::string_view id) {
  return !id.empty() && id.size() <= kMaxIdBytes &&
         std::all_of(id.begin(), id.end(),
                     [](unsigned char c) { return absl::ascii_isdigit(c); });
}

bool OpusHasRate(int rate_hz) {  // RFC 6716, 2: what a decoder can put out
  return rate_hz == 8000 || rate_hz == 12000 || rate_hz == 16000 ||
         rate_hz == 24000 || rate_hz == 48000;
}

// The names of the contract are ours.
static_assert(v1::ChannelPosition_MAX == v1::CHANNEL_POSITION_REAR_CENTER &&
              static_cast<int>(ChannelPosition::kRearCenter) ==
                  v1::CHANNEL_POSITION_REAR_CENTER &&
              static_cast<int>(ChannelPosition::kSideRight) ==
                  v1::CHANNEL_POSITION_SIDE_RIGHT &&
              static_cast<int>(ChannelPosition::kLowFrequency) ==
                  v1::CHANNEL_POSITION_LOW_FREQUENCY &&
              static_cast<int>(ChannelPosition::kMono) ==
                  v1::CHANNEL_POSITION_MONO);

ChannelLayout PositionsOf(const v1::PcmFormat& format) {
  ChannelLayout positions;
  for (const int position : format.positions()) {
    positions.push_back(static_cast<ChannelPosition>(position));
  }
  return positions;
}

std::string Names(const ChannelLayout& positions) {
  return absl::StrJoin(positions, ", ",
                       [](std::string* out, ChannelPosition position) {
                         *out += v1::ChannelPosition_Name(
                             static_cast<v1::ChannelPosition>(position));
                       });
}

// What is wrong with the positions, for people; empty if nothing is.
std::string WrongPositions(const v1::PcmFormat& format, v1::Codec codec) {
  const int channels = format.channels();
  std::set<int> known;
  for (const int position : format.positions()) {
    if (!v1::ChannelPosition_IsValid(position) ||
        (position != v1::CHANNEL_POSITION_UNSPECIFIED &&
         !known.insert(position).second)) {
      return absl::StrCat(position, " is unknown or there twice");
    }
  }
  if (channels > 1 && known.count(v1::CHANNEL_POSITION_MONO) > 0) {
    return "mono is for one channel";
  }
  if (format.positions_size() != channels &&
      (format.positions_size() > 0 || channels > 2)) {
    return absl::StrCat(format.positions_size(), " positions for ", channels,
                        " channels");
  }
  // RFC 7845, 5.1.1.2
  if (codec == v1::CODEC_OPUS && channels > 2) {
    const ChannelLayout order = OpusLayoutOf(channels).positions;
    if (PositionsOf(format) != order) {
      return absl::StrCat("Opus has ", channels,
                          " channels in this order: ", Names(order));
    }
  }
  return "";
}

Refusal CheckFormat(const v1::Begin& begin) {
  const v1::PcmFormat& format = begin.format();
  if (format.channels() < 1 || format.channels() > kMaxChannels) {
    return {
        Reason::kBadFormat, "begin.format.channels",
        absl::StrCat(format.channels(), "; allowed are 1 to ", kMaxChannels)};
  }
  if (begin.codec() == v1::CODEC_OPUS && !OpusHasRate(format.rate_hz())) {
    return {Reason::kBadFormat, "begin.format.rate_hz",
            absl::StrCat(format.rate_hz(),
                         "; Opus has 8000, 12000, 16000, 24000 and 48000")};
  }
  if (format.rate_hz() < kMinRateHz || format.rate_hz() > kMaxRateHz) {
    return {Reason::kBadFormat, "begin.format.rate_hz",
            absl::StrCat(format.rate_hz(), "; allowed are ", kMinRateHz, " to ",
                         kMaxRateHz)};
  }
  std::string wrong = WrongPositions(format, begin.codec());
  if (!wrong.empty()) {
    return {Reason::kBadFormat, "begin.format.positions", std::move(wrong)};
  }
  return Refusal::None();
}

Refusal CheckNotNegative(int value, const char* field) {
  if (value >= 0) return Refusal::None();
  return {Reason::kBadRequest, field, absl::StrCat(value, " is negative")};
}

Refusal CheckPing(const v1::Ping& ping, PingReport* report) {
  // Also what is no number is not within these.
  if (!(ping.clock_ppm() >= -kMaxPpm && ping.clock_ppm() <= kMaxPpm)) {
    return {Reason::kBadRequest, "ping.clock_ppm",
            absl::StrCat(ping.clock_ppm(), "; allowed are -", kMaxPpm, " to ",
                         kMaxPpm)};
  }
  if (ping.round_trip_us() < 0 || ping.round_trip_us() > kMaxRoundTripUs) {
    return {Reason::kBadRequest, "ping.round_trip_us",
            absl::StrCat(ping.round_trip_us(), "; allowed are 0 to ",
                         kMaxRoundTripUs)};
  }
  if (ping.client_delay_us() < 0 ||
      ping.client_delay_us() > kMaxClientDelayUs) {
    return {Reason::kBadRequest, "ping.client_delay_us",
            absl::StrCat(ping.client_delay_us(), "; allowed are 0 to ",
                         kMaxClientDelayUs)};
  }
  *report = {ping.id(), ping.clock_ppm(),
             std::chrono::microseconds(ping.round_trip_us()),
             std::chrono::microseconds(ping.client_delay_us())};
  return Refusal::None();
}

}  // namespace

Refusal CheckStreamName(const std::string& name, const char* field,
                        std::string* vm, std::string* id) {
  const std::vector<std::string> parts = absl::StrSplit(name, '/');
  if (parts.size() != 4 || parts[0] != "vms" ||
      (parts[2] != kStreams && parts[2] != kProbes) || !IsVm(parts[1]) ||
      !IsId(parts[3])) {
    return {Reason::kBadName, field,
            "a stream is vms/{vm}/streams/{id}, with 1 to 63 of "
            "[A-Za-z0-9._-] and a number; a probe vms/{vm}/probes/{id}"};
  }
  *vm = parts[1];
  *id = parts[3];
  return Refusal::None();
}

Refusal CheckOpen(const v1::Open& open, StreamInfo* info) {
  Refusal name =
      CheckStreamName(open.stream(), "open.stream", &info->vm, &info->id);
  if (!name.ok()) return name;
  // Both kinds are opened as streams. Only in its name a probe is another kind:
  // so it cannot meet a stream, whatever is looked up by name.
  info->probe = open.probe();
  info->name = absl::StrCat("vms/", info->vm, "/",
                            info->probe ? kProbes : kStreams, "/", info->id);
  if (!info->probe && open.stream() != info->name) {
    return {Reason::kBadName, "open.stream",
            "a probe is opened by its flag, as vms/{vm}/streams/{id}"};
  }
  if (open.resume_token().size() > kMaxTokenBytes) {
    return {Reason::kBadRequest, "open.resume_token",
            absl::StrCat("more than ", kMaxTokenBytes, " bytes")};
  }
  if (open.next_frame() < 0 || open.next_frame() > kMaxPosition) {
    return {Reason::kPositionTooLarge, "open.next_frame",
            absl::StrCat("positions go from 0 to ", kMaxPosition)};
  }
  if (open.epoch() == 0 && open.next_frame() != 0) {
    return {Reason::kBadRequest, "open.next_frame",
            "must be 0 if no epoch is under way"};
  }
  if (open.client().size() > kMaxClientBytes) {
    return {Reason::kBadRequest, "open.client",
            absl::StrCat("more than ", kMaxClientBytes, " bytes")};
  }
  info->client = open.client();
  if (open.labels_size() > kMaxLabels) {
    return {Reason::kBadRequest, "open.labels",
            absl::StrCat("more than ", kMaxLabels, " labels")};
  }
  for (const auto& [key, value] : open.labels()) {
    if (key.empty() || key.size() > kMaxLabelBytes ||
        value.size() > kMaxLabelBytes) {
      return {Reason::kBadRequest, "open.labels",
              absl::StrCat("keys have 1 to ", kMaxLabelBytes,
                           " bytes, values at most as many")};
    }
    info->labels[key] = value;
  }
  return Refusal::None();
}

Refusal CheckBegin(const v1::Begin& begin, EpochParams* params) {
  if (begin.epoch() == 0) {
    return {Reason::kBadRequest, "begin.epoch", "epochs count from 1"};
  }
  if (begin.codec() != v1::CODEC_OPUS && begin.codec() != v1::CODEC_PCM_S16LE) {
    return {Reason::kBadCodec, "begin.codec",
            "allowed are CODEC_OPUS and CODEC_PCM_S16LE"};
  }
  Refusal format = CheckFormat(begin);
  if (!format.ok()) return format;
  const int rate_hz = begin.format().rate_hz();
  const int most =
      begin.codec() == v1::CODEC_OPUS ? rate_hz / 1000 * kMaxPacketMs : 0;
  if (begin.pre_skip_frames() < 0 || begin.pre_skip_frames() > most) {
    return {Reason::kBadRequest, "begin.pre_skip_frames",
            absl::StrCat(begin.pre_skip_frames(), "; allowed are 0 to ", most)};
  }
  const auto most_roll =
      static_cast<int>(int64_t{rate_hz} * kMaxPacketMs / 1000);
  if (begin.pre_roll_frames() < 0 || begin.pre_roll_frames() > most_roll) {
    return {Reason::kBadRequest, "begin.pre_roll_frames",
            absl::StrCat(begin.pre_roll_frames(), "; allowed are 0 to ",
                         most_roll)};
  }
  Refusal buffer = CheckNotNegative(begin.guest_buffer_frames(),
                                    "begin.guest_buffer_frames");
  if (!buffer.ok()) return buffer;
  Refusal period = CheckNotNegative(begin.guest_period_frames(),
                                    "begin.guest_period_frames");
  if (!period.ok()) return period;
  Refusal guest_rate =
      CheckNotNegative(begin.guest_rate_hz(), "begin.guest_rate_hz");
  if (!guest_rate.ok()) return guest_rate;

  params->epoch = begin.epoch();
  params->rate_hz = rate_hz;
  params->channels = begin.format().channels();
  params->positions = PositionsOf(begin.format());
  params->codec = begin.codec() == v1::CODEC_OPUS ? MediaCodec::kOpus
                                                  : MediaCodec::kPcmS16le;
  params->pre_skip_frames = begin.pre_skip_frames();
  params->pre_roll_frames = begin.pre_roll_frames();
  params->low_latency = begin.low_latency();
  params->guest_buffer_frames = begin.guest_buffer_frames();
  params->guest_period_frames = begin.guest_period_frames();
  params->guest_rate_hz = begin.guest_rate_hz();
  return Refusal::None();
}

Refusal CheckVolume(const v1::Volume* said, absl::string_view field,
                    VolumeSetting* volume) {
  if (said == nullptr) {
    return {Reason::kBadRequest, std::string(field), "it is not set"};
  }
  if (!std::isfinite(said->gain_db()) || said->gain_db() > 0) {
    return {
        Reason::kBadRequest, absl::StrCat(field, ".gain_db"),
        absl::StrCat(said->gain_db(), "; allowed are 0 at most, and at ",
                     VolumeSetting::kSilentDb, " and below nothing is heard")};
  }
  *volume = {said->gain_db(), said->mute()};
  return Refusal::None();
}

Refusal Apply(v1::PlayRequest* request, Session* session, uint64_t call,
              MonotonicTime now) {
  switch (request->request_case()) {
    case v1::PlayRequest::kPacket: {
      v1::Packet& packet = *request->mutable_packet();
      return session->AddPacket(
          call, packet.first_frame(), packet.frame_count(),
          std::move(*packet.mutable_payload()), packet.capture_time_ns(), now);
    }
    case v1::PlayRequest::kSilence:
      return session->AddSilence(call, request->silence().first_frame(), now);
    case v1::PlayRequest::kSkip:
      return session->AddSkip(
          call, request->skip().first_frame(), request->skip().frame_count(),
          static_cast<SkipReason>(request->skip().reason()), now);
    case v1::PlayRequest::kPause:
      return session->Pause(call, now);
    case v1::PlayRequest::kResume:
      return session->Resume(call, now);
    case v1::PlayRequest::kEnd:
      return session->End(call, request->end().end_frame(), now);
    case v1::PlayRequest::kPing: {
      PingReport ping;
      Refusal refusal = CheckPing(request->ping(), &ping);
      return refusal.ok() ? session->Ping(call, ping) : refusal;
    }
    case v1::PlayRequest::kSetVolume: {
      const v1::SetVolume& set = request->set_volume();
      VolumeSetting volume;
      Refusal refusal = CheckVolume(set.has_volume() ? &set.volume() : nullptr,
                                    "set_volume.volume", &volume);
      return refusal.ok() ? session->SetVolume(call, volume) : refusal;
    }
    case v1::PlayRequest::kOpen:
    case v1::PlayRequest::kBegin:
    case v1::PlayRequest::REQUEST_NOT_SET:
      break;
  }
  return {Reason::kBadRequest, "request", "it is none that this server knows"};
}

}  // namespace earshot
