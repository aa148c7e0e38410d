// What a client of Play gets wrong.
#include "tests/integration/reason_rig.h"

namespace earshot {
namespace {

using R = v1::PlayRequest;

// The same for each: one field, and no more than that.
ReasonRow Row(const char* reason, StatusCode code, const char* field,
              std::vector<R> requests) {
  return {reason, "", code, field, false, false, [requests](ReasonRig& rig) {
            return rig.Play(requests);
          }};
}

R WithoutCodec() {
  return Changed(BeginRequest(),
                 [](R& r) { r.mutable_begin()->clear_codec(); });
}

R WithoutFormat() {
  return Changed(BeginRequest(),
                 [](R& r) { r.mutable_begin()->clear_format(); });
}

R WithoutPayload() {
  return Changed(PacketRequest(0),
                 [](R& r) { r.mutable_packet()->clear_payload(); });
}

grpc::Status SayNothing(ReasonRig& rig) {
  ServerOptions options = rig.Options();
  options.open_timeout = std::chrono::milliseconds(50);
  rig.Restart(options);
  return rig.Play({});
}

// 600 ms are granted at once.
std::vector<R> MoreThanWasGranted() {
  std::vector<R> requests = {OpenRequest(), BeginRequest()};
  constexpr int kFrames = 5760;
  for (int i = 0; i < 100; ++i) {
    requests.push_back(PacketRequest(i * kFrames, kFrames));
  }
  return requests;
}

// The first is played for a while, and the others wait behind it.
std::vector<R> TooManyEpochs() {
  std::vector<R> requests = {OpenRequest(), BeginRequest(1)};
  constexpr int kFrames = 5760;
  for (int i = 0; i < 4; ++i) {
    requests.push_back(PacketRequest(i * kFrames, kFrames));
  }
  requests.push_back(EndRequest(4 * kFrames));
  for (uint64_t epoch = 2; epoch <= 17; ++epoch) {
    requests.push_back(BeginRequest(epoch));
    requests.push_back(EndRequest(0));
  }
  return requests;
}

// Epochs that are as full as they may be: 430 KB each, of the 4 MB that all of
// them may hold.
std::vector<R> TooMuchToHold() {
  constexpr int kRate = 192'000;
  constexpr int kChannels = 2;
  constexpr int kPackets = 7;
  constexpr int kFrames = 15'360;  // 80 ms, the largest payload
  std::vector<R> requests = {OpenRequest()};
  for (uint64_t epoch = 1; epoch <= 15; ++epoch) {
    requests.push_back(Changed(BeginRequest(epoch), [](R& r) {
      r.mutable_begin()->mutable_format()->set_rate_hz(kRate);
      r.mutable_begin()->mutable_format()->set_channels(kChannels);
    }));
    for (int i = 0; i < kPackets; ++i) {
      requests.push_back(Changed(PacketRequest(i * kFrames, kFrames), [](R& r) {
        r.mutable_packet()->mutable_payload()->resize(kFrames * kChannels * 2);
      }));
    }
    requests.push_back(EndRequest(kPackets * kFrames));
  }
  return requests;
}

}  // namespace

std::vector<ReasonRow> PlayReasons() {
  constexpr auto kInvalid = StatusCode::INVALID_ARGUMENT;
  constexpr auto kRange = StatusCode::OUT_OF_RANGE;
  constexpr auto kOrder = StatusCode::FAILED_PRECONDITION;
  constexpr auto kBound = StatusCode::RESOURCE_EXHAUSTED;
  const R open = OpenRequest();
  const R begin = BeginRequest();
  return {
      Row("BAD_REQUEST", kInvalid, "request", {R()}),
      Row("BAD_NAME", kInvalid, "open.stream", {OpenRequest("vms/a")}),
      Row("BAD_FORMAT", kInvalid, "begin.format.channels",
          {open, WithoutFormat()}),
      Row("BAD_CODEC", kInvalid, "begin.codec", {open, WithoutCodec()}),
      Row("BAD_PAYLOAD", kInvalid, "packet.payload",
          {open, begin, WithoutPayload()}),
      Row("BAD_FRAME_COUNT", kInvalid, "packet.frame_count",
          {open, begin,
           Changed(PacketRequest(0),
                   [](R& r) { r.mutable_packet()->set_frame_count(481); })}),
      Row("OPEN_FIRST", kOrder, "open", {begin}),
      Row("ALREADY_OPEN", kOrder, "open", {open, open}),
      Row("NO_EPOCH", kOrder, "end", {open, EndRequest(0)}),
      Row("EPOCH_UNDER_WAY", kOrder, "begin.epoch",
          {open, begin, BeginRequest(2)}),
      Row("EPOCH_NOT_NEWER", kInvalid, "begin.epoch",
          {open, begin, EndRequest(0), begin}),
      Row("NOT_CONTIGUOUS", kRange, "packet.first_frame",
          {open, begin, PacketRequest(0), PacketRequest(481)}),
      Row("POSITION_TOO_LARGE", kRange, "packet.first_frame",
          {open, begin, PacketRequest(int64_t{1} << 53)}),
      Row("NOT_GRANTED", kBound, "packet.first_frame", MoreThanWasGranted()),
      Row("PAYLOAD_TOO_LARGE", kBound, "packet.payload",
          {open, begin, PacketRequest(0, 30721)}),
      Row("TOO_MUCH_QUEUED", kBound, "packet.payload", TooMuchToHold()),
      Row("TOO_MANY_EPOCHS", kBound, "begin.epoch", TooManyEpochs()),
      Row("MESSAGE_TOO_LARGE", kBound, "request",
          {open, begin, PacketRequest(0, 100'000)}),
      {"OPEN_TIMEOUT", "", StatusCode::DEADLINE_EXCEEDED, "open", false, false,
       SayNothing},
  };
}

}  // namespace earshot
