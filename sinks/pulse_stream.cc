#include "sinks/pulse_stream.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "sinks/frame_time.h"

namespace earshot {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// The whole buffer, the server's and its device's, and how much of it has to
// be free before we are asked. Devices that cannot do it use more.
struct Buffering {
  std::chrono::microseconds target;
  std::chrono::microseconds request;
};

// Beeps of a desktop come in bursts.
constexpr milliseconds kSilenceBeforeCork{1000};
constexpr milliseconds kCorkedBeforeExpiry{30000};
constexpr milliseconds kRetiredBeforeExpiry{500};
// A device that is not there may come back.
constexpr milliseconds kBeforeReopen{1000};

Buffering BufferingFor(CardLatency latency) {
  switch (latency) {
    case CardLatency::kLow:
      return {microseconds(6000), microseconds(1500)};
    case CardLatency::kUsual:
      break;
    case CardLatency::kRelaxed:
      return {microseconds(30000), microseconds(5000)};
  }
  return {microseconds(10000), microseconds(2500)};
}

uint32_t Bytes(std::chrono::microseconds duration, const pa_sample_spec& spec) {
  const auto usec = static_cast<pa_usec_t>(duration.count());
  return static_cast<uint32_t>(pa_usec_to_bytes(usec, &spec));
}

pa_buffer_attr BufferAttributes(const Buffering& buffering,
                                const pa_sample_spec& spec) {
  pa_buffer_attr attributes;
  attributes.maxlength = static_cast<uint32_t>(-1);
  attributes.tlength = Bytes(buffering.target, spec);
  attributes.minreq = Bytes(buffering.request, spec);
  // Starts with the first frame, and so after an underflow. With none, the
  // server would go on without us and throw away what comes too late.
  attributes.prebuf = static_cast<uint32_t>(pa_frame_size(&spec));
  attributes.fragsize = static_cast<uint32_t>(-1);
  return attributes;
}

pa_channel_position_t PulsePosition(ChannelPosition position) {
  switch (position) {
    case ChannelPosition::kMono:
      return PA_CHANNEL_POSITION_MONO;
    case ChannelPosition::kFrontLeft:
      return PA_CHANNEL_POSITION_FRONT_LEFT;
    case ChannelPosition::kFrontRight:
      return PA_CHANNEL_POSITION_FRONT_RIGHT;
    case ChannelPosition::kFrontCenter:
      return PA_CHANNEL_POSITION_FRONT_CENTER;
    case ChannelPosition::kLowFrequency:
      return PA_CHANNEL_POSITION_LFE;
    case ChannelPosition::kRearLeft:
      return PA_CHANNEL_POSITION_REAR_LEFT;
    case ChannelPosition::kRearRight:
      return PA_CHANNEL_POSITION_REAR_RIGHT;
    case ChannelPosition::kRearCenter:
      return PA_CHANNEL_POSITION_REAR_CENTER;
    case ChannelPosition::kSideLeft:
      return PA_CHANNEL_POSITION_SIDE_LEFT;
    case ChannelPosition::kSideRight:
      return PA_CHANNEL_POSITION_SIDE_RIGHT;
    case ChannelPosition::kUnspecified:
      break;
  }
  return PA_CHANNEL_POSITION_INVALID;
}

pa_channel_map MapOf(const ChannelLayout& layout) {
  pa_channel_map map;
  pa_channel_map_init(&map);
  map.channels = static_cast<uint8_t>(layout.size());
  int unknown = PA_CHANNEL_POSITION_AUX0;
  for (size_t i = 0; i < layout.size(); ++i) {
    map.map[i] = PulsePosition(layout[i]);
    if (map.map[i] == PA_CHANNEL_POSITION_INVALID) {
      map.map[i] = static_cast<pa_channel_position_t>(unknown++);
    }
  }
  return map;
}

// No media.role: servers that remember volumes by role would give all virtual
// machines the same one.
pa_proplist* Properties(const std::string& name) {
  pa_proplist* properties = pa_proplist_new();
  pa_proplist_sets(properties, PA_PROP_APPLICATION_NAME, "Earshot");
  // What volume and mute are remembered by.
  pa_proplist_sets(properties, PA_PROP_APPLICATION_ID,
                   absl::StrCat("earshot/", name).c_str());
  pa_proplist_sets(properties, PA_PROP_MEDIA_NAME, name.c_str());
  return properties;
}

}  // namespace

PulseStream::PulseStream(PulseConnection* connection, PulseStreamSpec spec,
                         std::function<void(PulseStream*)> expired)
    : connection_(connection),
      spec_(std::move(spec)),
      expired_(std::move(expired)) {}

PulseStream::~PulseStream() {
  connection_->CancelTimer(&timer_);
  Close();
}

void PulseStream::Attach(std::shared_ptr<CardPull> pull) {
  connection_->CancelTimer(&timer_);
  pull_ = std::move(pull);
  underflows_ = 0;
  if (stream_ == nullptr) {
    if (connection_->context() != nullptr) Open();
  } else {
    pull_->SetCardThere(true);
    Cork(false);
  }
}

void PulseStream::Detach() {
  pull_.reset();
  SetTimer(kSilenceBeforeCork, &PulseStream::CorkIdle);
}

void PulseStream::Retire() {
  SetTimer(kRetiredBeforeExpiry, &PulseStream::Expire);
}

void PulseStream::ConnectionChanged() {
  Close();
  if (pull_ == nullptr) {
    SetTimer(milliseconds(0), &PulseStream::Expire);
    return;
  }
  connection_->CancelTimer(&timer_);
  if (connection_->context() != nullptr) Open();
}

std::string PulseStream::problem() const {
  const std::lock_guard lock(problem_mutex_);
  return problem_;
}

void PulseStream::SetProblem(std::string problem) {
  const std::lock_guard lock(problem_mutex_);
  problem_ = std::move(problem);
}

void PulseStream::Open() {
  pa_sample_spec spec;
  spec.format = PA_SAMPLE_FLOAT32NE;
  spec.rate = static_cast<uint32_t>(spec_.rate_hz);
  spec.channels = static_cast<uint8_t>(spec_.layout.size());
  const pa_channel_map map = MapOf(spec_.layout);
  pa_proplist* properties = Properties(spec_.name);
  stream_ = pa_stream_new_with_proplist(
      connection_->context(), spec_.name.c_str(), &spec, &map, properties);
  pa_proplist_free(properties);
  if (stream_ == nullptr) {
    Failed();
    return;
  }
  corked_ = false;
  timing_known_ = false;
  pa_stream_set_state_callback(stream_, &OnState, this);
  pa_stream_set_write_callback(stream_, &OnWrite, this);
  pa_stream_set_underflow_callback(stream_, &OnUnderflow, this);
  pa_stream_set_latency_update_callback(stream_, &OnTiming, this);
  const pa_buffer_attr attributes =
      BufferAttributes(BufferingFor(spec_.latency), spec);
  constexpr auto kFlags = static_cast<pa_stream_flags_t>(
      PA_STREAM_ADJUST_LATENCY | PA_STREAM_AUTO_TIMING_UPDATE);
  pull_->SetCardThere(true);
  if (pa_stream_connect_playback(
          stream_, spec_.device.empty() ? nullptr : spec_.device.c_str(),
          &attributes, kFlags, nullptr, nullptr) < 0) {
    Failed();
  }
}

void PulseStream::Close() {
  latency_.Reset();
  if (pull_ != nullptr) pull_->SetCardThere(false);
  if (stream_ == nullptr) return;
  pa_stream* const stream = std::exchange(stream_, nullptr);
  pa_stream_set_state_callback(stream, nullptr, nullptr);
  pa_stream_set_write_callback(stream, nullptr, nullptr);
  pa_stream_set_underflow_callback(stream, nullptr, nullptr);
  pa_stream_set_latency_update_callback(stream, nullptr, nullptr);
  pa_stream_disconnect(stream);
  pa_stream_unref(stream);
}

void PulseStream::Failed() {
  const std::string error =
      pa_strerror(pa_context_errno(connection_->context()));
  std::string text =
      absl::StrCat("PulseAudio at ", connection_->server(),
                   spec_.device.empty() ? "" : ", sink " + spec_.device, ": ",
                   error, "; trying again");
  if (text != problem()) {
    spdlog::warn("sound server refused a stream stream={} error=\"{}\"",
                 spec_.name, error);
  }
  SetProblem(std::move(text));
  Close();
  SetTimer(pull_ == nullptr ? milliseconds(0) : kBeforeReopen,
           pull_ == nullptr ? &PulseStream::Expire : &PulseStream::Open);
}

void PulseStream::OnState(pa_stream* stream, void* self) {
  auto* const ours = static_cast<PulseStream*>(self);
  const pa_stream_state_t state = pa_stream_get_state(stream);
  if (state == PA_STREAM_READY) ours->SetProblem("");
  // When the connection is lost, it says so itself.
  if (!PA_STREAM_IS_GOOD(state) && ours->connection_->context() != nullptr) {
    ours->Failed();
  }
}

void PulseStream::OnWrite(pa_stream*, size_t bytes, void* self) {
  static_cast<PulseStream*>(self)->Write(bytes);
}

void PulseStream::OnUnderflow(pa_stream* stream, void* self) {
  auto* const ours = static_cast<PulseStream*>(self);
  ++ours->underflows_;
  // Until the server says it anew, we know no longer what it has played.
  ours->timing_known_ = false;
  pa_operation* const operation =
      pa_stream_update_timing_info(stream, nullptr, nullptr);
  if (operation != nullptr) pa_operation_unref(operation);
}

void PulseStream::OnTiming(pa_stream*, void* self) {
  static_cast<PulseStream*>(self)->timing_known_ = true;
}

void PulseStream::Write(size_t bytes) {
  const pa_sample_spec* spec = pa_stream_get_sample_spec(stream_);
  const size_t frame_bytes = pa_frame_size(spec);
  const auto frames = static_cast<int64_t>(bytes / frame_bytes);
  while (bytes >= frame_bytes) {
    void* data = nullptr;
    size_t size = bytes;
    if (pa_stream_begin_write(stream_, &data, &size) < 0 || data == nullptr) {
      return;
    }
    size = std::min(size, bytes);
    size -= size % frame_bytes;
    const absl::Span<float> out(static_cast<float*>(data),
                                size / sizeof(float));
    if (pull_ != nullptr) {
      pull_->Fill(out, std::chrono::steady_clock::now());
    } else {
      std::fill(out.begin(), out.end(), 0.0f);
    }
    if (pa_stream_write(stream_, data, size, nullptr, 0, PA_SEEK_RELATIVE) <
        0) {
      return;
    }
    bytes -= size;
  }
  MeasureLatency(DurationOf(frames, spec_.rate_hz));
}

// Not by pa_stream_get_latency(), which takes seconds to forget that the server
// ran dry: it smooths over what it was told before.
void PulseStream::MeasureLatency(std::chrono::nanoseconds written) {
  const pa_timing_info* const info = pa_stream_get_timing_info(stream_);
  if (!timing_known_ || info == nullptr || info->playing == 0 ||
      info->write_index_corrupt != 0 || info->read_index_corrupt != 0) {
    return;
  }
  const auto frame_bytes =
      static_cast<int64_t>(pa_frame_size(pa_stream_get_sample_spec(stream_)));
  const auto since =
      microseconds(static_cast<int64_t>(pa_timeval_age(&info->timestamp)));
  const std::chrono::nanoseconds delay =
      DurationOf((info->write_index - info->read_index) / frame_bytes,
                 spec_.rate_hz) +
      microseconds(static_cast<int64_t>(info->sink_usec)) - since;
  // Else it is out of date: the server has not played all the time since.
  if (delay > std::chrono::nanoseconds(0)) latency_.Add(delay, written);
}

void PulseStream::Cork(bool corked) {
  if (stream_ == nullptr || corked_ == corked) return;
  corked_ = corked;
  pa_operation* const operation =
      pa_stream_cork(stream_, corked ? 1 : 0, nullptr, nullptr);
  if (operation != nullptr) pa_operation_unref(operation);
}

void PulseStream::SetTimer(milliseconds delay, void (PulseStream::*then)()) {
  connection_->CancelTimer(&timer_);
  then_ = then;
  timer_ = connection_->StartTimer(
      delay,
      [](pa_mainloop_api*, pa_time_event*, const timeval*, void* self) {
        auto* const stream = static_cast<PulseStream*>(self);
        (stream->*stream->then_)();
      },
      this);
}

void PulseStream::CorkIdle() {
  Cork(true);
  SetTimer(kCorkedBeforeExpiry, &PulseStream::Expire);
}

}  // namespace earshot
