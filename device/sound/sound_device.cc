#include "device/sound/sound_device.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace earshot {
namespace {

// Requests of one turn. Each may take a turn of the TX queue first, so many of
// them would keep the loop for long if the guest fills both rings all the time;
// a driver waits for the answers to a few.
constexpr int kRequestsPerTurn = 16;

std::vector<std::unique_ptr<PcmStream>> StreamsOf(
    const std::vector<PcmOutput*>& outputs) {
  std::vector<std::unique_ptr<PcmStream>> streams;
  for (PcmOutput* output : outputs) {
    streams.push_back(std::make_unique<PcmStream>(output));
  }
  return streams;
}

std::vector<Jack> JacksOf(const std::vector<PcmOutput*>& outputs) {
  std::vector<Jack> jacks;
  for (uint32_t id = 0; id < outputs.size(); ++id) {
    jacks.emplace_back(outputs[id], id);
  }
  return jacks;
}

// 5.14.6.6.2: what every stream can do, whatever its formats.
PcmOffer WithFeatures(PcmOffer offer) {
  offer.features |= kSndPcmEvtXruns;
  return offer;
}

}  // namespace

SoundDevice::SoundDevice(const std::vector<PcmOutput*>& outputs,
                         SoundDeviceOptions options)
    : streams_(StreamsOf(outputs)),
      jacks_(options.jacks ? JacksOf(outputs) : std::vector<Jack>()),
      events_(&queues_[kSndEventQueue],
              {.jacks = static_cast<uint32_t>(jacks_.size()),
               .streams = static_cast<uint32_t>(streams_.size()),
               .controls = options.controls ? Controls::Count(outputs) : 0}),
      controls_(options.controls
                    ? std::make_unique<Controls>(
                          outputs,
                          [this](uint16_t control_id, uint16_t mask) {
                            events_.NotifyControl(control_id, mask);
                          })
                    : nullptr),
      control_({.offer = WithFeatures(options.offer),
                .streams = &streams_,
                .jacks = &jacks_,
                .events = &events_,
                .controls = controls_.get(),
                .poll_tx = [this](MonotonicTime now) { ServeTx(now); }}),
      config_{.jacks = static_cast<uint32_t>(jacks_.size()),
              .streams = static_cast<uint32_t>(streams_.size()),
              .chmaps = control_.chmap_count(),
              .controls = controls_ != nullptr ? controls_->count() : 0},
      buffers_per_stream_(DeviceQueue::kMaxInFlight /
                          std::max<size_t>(streams_.size(), 1)) {}

SoundDevice::~SoundDevice() {
  // The rings may be gone: what is still held is not answered.
  for (DeviceQueue& queue : queues_) queue.Stop();
}

void SoundDevice::SetDriverFeatures(uint64_t features) {
  if (controls_ == nullptr) return;
  controls_->set_negotiated((features & kSndFeatureCtls) != 0);
}

// 2.5.1: fields of a feature that is offered can be read before it was
// accepted, so `controls` is there from the start.
void SoundDevice::ReadConfig(uint32_t offset, absl::Span<uint8_t> out) const {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&config_);
  for (size_t i = 0; i < out.size(); ++i) {
    const uint64_t at = uint64_t{offset} + i;
    out[i] = at < sizeof(config_) ? bytes[at] : 0;
  }
}

void SoundDevice::StartQueue(int index, Virtqueue* queue, MonotonicTime now) {
  if (index < 0 || index >= kSndQueueCount) return;
  if (queues_[index].started()) StopQueue(index, now);
  queues_[index].Start(queue);
  if (index == kSndTxQueue) {
    // Buffers first, so that a clock that goes on finds them.
    ServeTx(now);
    for (auto& stream : streams_) stream->ResumeQueue(now);
  } else if (index == kSndEventQueue) {
    // Its buffers wait for events.
    queues_[index].DisableKicks();
  }
  Service(now);
}

void SoundDevice::StopQueue(int index, MonotonicTime now) {
  if (index < 0 || index >= kSndQueueCount) return;
  if (!queues_[index].started()) return;
  queues_[index].Stop();
  if (index != kSndTxQueue) return;
  for (auto& stream : streams_) stream->SuspendQueue(now);
}

void SoundDevice::OnKick(int /*index*/, MonotonicTime now) { Service(now); }

void SoundDevice::OnTimer(MonotonicTime now) { Service(now); }

void SoundDevice::Reset(MonotonicTime now) {
  for (DeviceQueue& queue : queues_) queue.Invalidate();
  for (auto& stream : streams_) stream->Reset(now);
  events_.Reset();
  if (controls_ != nullptr) controls_->Reset();
  unfinished_ = false;
}

MonotonicTime SoundDevice::NextDeadline(MonotonicTime now) const {
  if (unfinished_) return now;
  MonotonicTime deadline = events_.NextDeadline(now);
  for (const auto& stream : streams_) {
    deadline = std::min(deadline, stream->NextDeadline(now));
  }
  for (const Jack& jack : jacks_) {
    deadline = std::min(deadline, jack.NextDeadline());
  }
  return deadline;
}

void SoundDevice::Service(MonotonicTime now) {
  unfinished_ = false;
  PollJacks(now);
  if (controls_ != nullptr) controls_->Poll();
  ServeControl(now);
  ServeTx(now);
  DeviceQueue& tx = queues_[kSndTxQueue];
  const bool tx_had_room = tx.HasRoom();
  PollStreams(now);
  if (!tx_had_room && tx.HasRoom()) unfinished_ = true;
  if (tx.HasRoom() && !StreamsWatchTx() && tx.EnableKicks()) unfinished_ = true;
  ServeRx(now);
  events_.Serve(now);
  for (DeviceQueue& queue : queues_) queue.Notify();
}

void SoundDevice::PollJacks(MonotonicTime now) {
  for (uint32_t id = 0; id < jacks_.size(); ++id) {
    jacks_[id].Poll(now);
    events_.SetJack(id, jacks_[id].connected());
  }
}

void SoundDevice::PollStreams(MonotonicTime now) {
  for (uint32_t id = 0; id < streams_.size(); ++id) {
    PcmStream& stream = *streams_[id];
    stream.Poll(now);
    if (stream.TakeUnderflow()) events_.AddXrun(id);
    // Of a stream that was stopped meanwhile it says nothing any more.
    if (stream.state() != PcmStream::State::kRunning) events_.ForgetXrun(id);
  }
}

// Streams that have sound come back to the ring before it is over: to be told
// of each buffer would only wake us up, and cost the guest an exit.
bool SoundDevice::StreamsWatchTx() const {
  bool watched = false;
  for (const auto& stream : streams_) {
    if (!stream->clock_runs()) continue;
    if (!stream->has_sound()) return false;
    watched = true;
  }
  return watched;
}

template <typename Handler>
void SoundDevice::Drain(SndQueue index, int most, MonotonicTime now,
                        Handler handle) {
  DeviceQueue& queue = queues_[index];
  int budget = std::min(most, queue.budget());
  if (budget == 0) return;
  queue.DisableKicks();
  do {
    while (queue.HasRoom()) {
      if (budget-- == 0) {
        unfinished_ = true;
        return;
      }
      absl::StatusOr<std::optional<DescriptorChain>> chain = queue.Pop();
      if (!chain.ok()) {
        ++stats_.malformed_chains;
        if (auto suppressed = log_limiter_.Admit(now)) {
          spdlog::warn("malformed chain queue={} error=\"{}\" suppressed={}",
                       static_cast<int>(index),
                       std::string(chain.status().message()), *suppressed);
        }
        if (queue.broken()) return;
        continue;
      }
      if (!chain->has_value()) break;
      handle(**std::move(chain));
    }
    // Without room, the ring is looked at again when a buffer was answered.
    // Whether kicks of TX are wanted is known at the end of the turn.
  } while (index != kSndTxQueue && queue.HasRoom() && queue.EnableKicks());
}

void SoundDevice::ServeControl(MonotonicTime now) {
  DeviceQueue& queue = queues_[kSndControlQueue];
  // A VM that goes on starts its queues one by one: a RELEASE that waited must
  // not overtake the buffers that it is to complete (5.14.6.6.5.1).
  if (!queues_[kSndTxQueue].started() &&
      std::any_of(streams_.begin(), streams_.end(),
                  [](const auto& stream) { return stream->has_epoch(); })) {
    return;
  }
  Drain(kSndControlQueue, kRequestsPerTurn, now, [&](DescriptorChain chain) {
    const ControlHandler::Outcome outcome = control_.Handle(chain, now);
    queue.PushUsed(chain, outcome.written, queue.ticket());
    ++stats_.control_requests;
    if (outcome.written == 0) ++stats_.malformed_chains;
    if (outcome.status == SndStatus::kOk) return;
    ++stats_.control_refused;
    if (auto suppressed = log_limiter_.Admit(now)) {
      const bool known = outcome.stream_id < streams_.size();
      spdlog::warn(
          "control request refused code={:#06x} stream={} state={} "
          "status={:#06x} suppressed={}",
          outcome.code, outcome.stream_id,
          known ? ToString(streams_[outcome.stream_id]->state()) : "none",
          static_cast<uint32_t>(outcome.status), *suppressed);
    }
  });
}

void SoundDevice::ServeTx(MonotonicTime now) {
  Drain(kSndTxQueue, DeviceQueue::kMaxInFlight, now,
        [&](DescriptorChain chain) { RouteTx(std::move(chain), now); });
}

void SoundDevice::RouteTx(DescriptorChain chain, MonotonicTime now) {
  TxBuffer buffer(std::move(chain), &queues_[kSndTxQueue]);
  const uint32_t stream_id = buffer.stream_id();
  if (!buffer.well_formed()) {
    buffer.Fail();
    LogRefusedTx(stream_id, "no room for header or status", now);
    return;
  }
  if (stream_id >= streams_.size()) {
    buffer.Fail();
    LogRefusedTx(stream_id, "no such stream", now);
    return;
  }
  // What one stream holds must not take the others' room. A driver cannot hit
  // this while the queue has no more than kMaxInFlight entries for one stream.
  if (streams_[stream_id]->buffers() >= buffers_per_stream_) {
    buffer.Fail();
    LogRefusedTx(stream_id, "too many buffers of one stream", now);
    return;
  }
  switch (streams_[stream_id]->Queue(std::move(buffer))) {
    case PcmStream::QueueResult::kQueued:
      return;
    case PcmStream::QueueResult::kNotPrepared:
      LogRefusedTx(stream_id, "the stream is not prepared", now);
      return;
    case PcmStream::QueueResult::kTooMuch:
      LogRefusedTx(stream_id, "too much sound is queued", now);
      return;
  }
}

void SoundDevice::LogRefusedTx(uint32_t stream_id, const char* why,
                               MonotonicTime now) {
  ++stats_.tx_refused;
  if (auto suppressed = log_limiter_.Admit(now)) {
    spdlog::warn("tx buffer refused stream={} reason=\"{}\" suppressed={}",
                 stream_id, why, *suppressed);
  }
}

// No input stream is offered, so no buffer can be for one.
void SoundDevice::ServeRx(MonotonicTime now) {
  DeviceQueue& queue = queues_[kSndRxQueue];
  Drain(
      kSndRxQueue, DeviceQueue::kMaxInFlight, now, [&](DescriptorChain chain) {
        const SndPcmStatus answer{static_cast<uint32_t>(SndStatus::kIoErr), 0};
        const auto bytes = absl::MakeConstSpan(
            reinterpret_cast<const uint8_t*>(&answer), sizeof(answer));
        uint32_t written = 0;
        if (chain.writable_size() >= sizeof(answer)) {
          // 5.14.6.8: the status ends the chain. 2.7.8.2: the first `written`
          // bytes are written as well.
          static constexpr uint8_t kZeros[sizeof(answer)] = {};
          written = sizeof(answer);
          chain.Write(0, kZeros);
          chain.Write(chain.writable_size() - sizeof(answer), bytes);
        }
        queue.PushUsed(chain, written, queue.ticket());
        ++stats_.rx_refused;
        if (auto suppressed = log_limiter_.Admit(now)) {
          spdlog::warn(
              "rx buffer refused reason=\"no input stream\" suppressed={}",
              *suppressed);
        }
      });
}

}  // namespace earshot
