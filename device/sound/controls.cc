#include "device/sound/controls.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <utility>

#include "absl/types/span.h"

namespace earshot {
namespace {

constexpr double kSilentDb = -60;
constexpr double kStepDb = 0.5;

// The stride that is believed at most, as of every INFO query.
constexpr uint32_t kMaxInfoSize = 1024;
// What a 32-bit x86 guest makes of SndCtlInfo: its 64-bit numbers are aligned
// to 4 bytes, so there is no padding behind the name.
constexpr uint32_t kPackedInfoSize = sizeof(SndCtlInfo) - 4;

// ALSA's SNDRV_CTL_TLVT_DB_SCALE: least gain and step in 0.01 dB; the flag says
// that the least value is mute.
constexpr uint32_t kTlvDbScale = 1;
constexpr uint32_t kTlvLeastIsMute = 0x10000;
struct DbScale {
  SndCtlTlv tlv;
  int32_t least;
  uint32_t step_and_flags;
};
static_assert(sizeof(DbScale) == 16);

bool IsVolume(uint32_t control_id) { return control_id % 2 == 0; }
uint32_t StreamOf(uint32_t control_id) { return control_id / 2; }

// Only what is not heard is step 0.
uint32_t StepOf(double gain_db) {
  if (!(gain_db > kSilentDb)) return 0;
  const double step = std::round((gain_db - kSilentDb) / kStepDb);
  return static_cast<uint32_t>(std::clamp<double>(step, 1, Controls::kSteps));
}

double GainOf(uint32_t step) { return kSilentDb + kStepDb * step; }

template <typename T>
bool ReadAt(const DescriptorChain& chain, size_t offset, T* out) {
  return chain.Read(offset, absl::MakeSpan(reinterpret_cast<uint8_t*>(out),
                                           sizeof(T))) == sizeof(T);
}

template <typename T>
absl::Span<const uint8_t> BytesOf(const T& value) {
  return absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(&value),
                             sizeof(T));
}

SndCtlInfo InfoOf(uint32_t control_id) {
  SndCtlInfo info = {};
  const bool volume = IsVolume(control_id);
  info.hda_fn_nid = StreamOf(control_id);
  info.role = SndCtlRole(volume ? kSndCtlVolume : kSndCtlMute, kSndOutput);
  info.type = volume ? kSndCtlInteger : kSndCtlBoolean;
  info.access = kSndCtlAccessRead | kSndCtlAccessWrite;
  if (volume) info.access |= kSndCtlAccessTlvRead;
  info.count = 1;
  info.index = StreamOf(control_id);
  const char* name =
      volume ? "Master Playback Volume" : "Master Playback Switch";
  static_assert(sizeof("Master Playback Volume") <= sizeof(info.name));
  std::memcpy(info.name, name, std::strlen(name));
  info.integer.max = volume ? Controls::kSteps : 1;
  info.integer.step = 1;
  return info;
}

}  // namespace

Controls::Controls(std::vector<PcmOutput*> outputs, Notify notify)
    : notify_(std::move(notify)) {
  for (PcmOutput* output : outputs) streams_.push_back({output});
  Reset();
}

SndStatus Controls::Handle(uint32_t code, DescriptorChain& chain,
                           MonotonicTime now, uint32_t* written) {
  if (!negotiated_) return SndStatus::kNotSupp;
  if (code == kSndCtlInfo) return Info(chain, written);
  // Read at once, so that what is checked is what is used.
  SndCtlHeader request{};
  if (!ReadAt(chain, 0, &request) || request.control_id >= count()) {
    return SndStatus::kBadMsg;
  }
  switch (code) {
    case kSndCtlRead:
      return Read(request.control_id, chain, written);
    case kSndCtlWrite:
      return Write(request.control_id, chain, now);
    case kSndCtlTlvRead:
      return ReadTlv(request.control_id, chain, written);
    default:
      // ENUM_ITEMS: none is enumerated. TLV_WRITE and TLV_COMMAND: no element
      // has these rights (5.14.6.10.3).
      return SndStatus::kNotSupp;
  }
}

SndStatus Controls::Info(DescriptorChain& chain, uint32_t* written) {
  SndQueryInfo query{};
  if (!ReadAt(chain, 0, &query)) return SndStatus::kBadMsg;
  // 5.14.6.2: within what there is; 64 bits, so that nothing wraps.
  if (uint64_t{query.start_id} + query.count > count() ||
      query.size < kPackedInfoSize || query.size > kMaxInfoSize) {
    return SndStatus::kBadMsg;
  }
  const uint64_t needed =
      sizeof(SndHeader) + uint64_t{query.count} * query.size;
  if (chain.writable_size() < needed) return SndStatus::kBadMsg;
  for (uint32_t i = 0; i < query.count; ++i) {
    const SndCtlInfo info = InfoOf(query.start_id + i);
    const absl::Span<const uint8_t> bytes = BytesOf(info);
    uint8_t item[kMaxInfoSize] = {};
    size_t front = bytes.size();
    size_t gap = 0;
    if (query.size < sizeof(info)) {
      front = offsetof(SndCtlInfo, padding);
      gap = sizeof(info.padding);
    }
    std::copy(bytes.begin(), bytes.begin() + front, item);
    std::copy(bytes.begin() + front + gap, bytes.end(), item + front);
    chain.Write(sizeof(SndHeader) + size_t{i} * query.size,
                absl::MakeConstSpan(item, query.size));
  }
  *written = static_cast<uint32_t>(needed);
  return SndStatus::kOk;
}

SndStatus Controls::Read(uint32_t control_id, DescriptorChain& chain,
                         uint32_t* written) {
  Look(StreamOf(control_id));
  // The only member of the array counts; zeros where there is room for others.
  SndCtlValue value = {};
  value.integer[0] = Value(control_id);
  const size_t room = chain.writable_size() - sizeof(SndHeader);
  if (room < sizeof(value.integer[0])) return SndStatus::kBadMsg;
  *written +=
      static_cast<uint32_t>(chain.Write(sizeof(SndHeader), BytesOf(value)));
  return SndStatus::kOk;
}

SndStatus Controls::Write(uint32_t control_id, const DescriptorChain& chain,
                          MonotonicTime now) {
  uint32_t value = 0;
  if (!ReadAt(chain, sizeof(SndCtlHeader), &value)) return SndStatus::kBadMsg;
  const uint32_t most = IsVolume(control_id) ? kSteps : 1;
  if (value > most) return SndStatus::kBadMsg;
  const uint32_t stream_id = StreamOf(control_id);
  Look(stream_id);
  if (value == Value(control_id)) return SndStatus::kOk;
  PcmOutput& output = *streams_[stream_id].output;
  StreamVolume volume = output.volume();
  if (IsVolume(control_id)) {
    volume.gain_db = GainOf(value);
  } else {
    volume.mute = value == 0;
  }
  output.SetVolume(volume, now);
  Look(stream_id);
  return SndStatus::kOk;
}

SndStatus Controls::ReadTlv(uint32_t control_id, DescriptorChain& chain,
                            uint32_t* written) {
  if (!IsVolume(control_id)) return SndStatus::kNotSupp;
  const size_t room = chain.writable_size() - sizeof(SndHeader);
  if (room < sizeof(SndCtlTlv)) return SndStatus::kBadMsg;
  const DbScale scale{{kTlvDbScale, sizeof(DbScale) - sizeof(SndCtlTlv)},
                      static_cast<int32_t>(kSilentDb * 100),
                      static_cast<uint32_t>(kStepDb * 100) | kTlvLeastIsMute};
  // 5.14.6.10.3.1: as much as there is room for.
  *written +=
      static_cast<uint32_t>(chain.Write(sizeof(SndHeader), BytesOf(scale)));
  return SndStatus::kOk;
}

uint32_t Controls::Value(uint32_t control_id) const {
  const StreamVolume volume = streams_[StreamOf(control_id)].output->volume();
  if (IsVolume(control_id)) return StepOf(volume.gain_db);
  return volume.mute ? 0 : 1;
}

void Controls::Poll() {
  for (uint32_t i = 0; i < streams_.size(); ++i) Look(i);
}

void Controls::Reset() {
  for (uint32_t i = 0; i < streams_.size(); ++i) {
    streams_[i].volume = Value(i * kPerStream);
    streams_[i].heard = Value(i * kPerStream + 1);
  }
}

// 5.14.6.10.4: no element is VOLATILE, so every change is told.
void Controls::Look(uint32_t stream_id) {
  Stream& stream = streams_[stream_id];
  const uint32_t id = stream_id * kPerStream;
  const uint32_t volume = Value(id);
  const uint32_t heard = Value(id + 1);
  if (std::exchange(stream.volume, volume) != volume && negotiated_) {
    notify_(static_cast<uint16_t>(id), kSndCtlEventValue);
  }
  if (std::exchange(stream.heard, heard) != heard && negotiated_) {
    notify_(static_cast<uint16_t>(id + 1), kSndCtlEventValue);
  }
}

}  // namespace earshot
