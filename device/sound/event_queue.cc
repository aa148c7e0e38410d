#include "device/sound/event_queue.h"

#include <algorithm>
#include <utility>

#include "absl/types/span.h"

namespace earshot {
namespace {

// A driver that looks for what the device has.
bool IsProbe(uint32_t code) {
  switch (code) {
    case kSndJackInfo:
    case kSndPcmInfo:
    case kSndChmapInfo:
    case kSndCtlInfo:
    case kSndCtlEnumItems:
      return true;
    default:
      return false;
  }
}

// A program in the guest uses the card, so the driver is ready.
bool IsUse(uint32_t code) {
  return code == kSndCtlWrite ||
         (code >= kSndPcmSetParams && code <= kSndPcmStop);
}

constexpr uint16_t kAllMasks =
    kSndCtlEventValue | kSndCtlEventInfo | kSndCtlEventTlv;

}  // namespace

EventQueue::EventQueue(DeviceQueue* queue, const Counts& counts)
    : queue_(queue),
      jacks_(counts.jacks),
      xruns_(counts.streams),
      controls_(counts.controls) {}

void EventQueue::SetJack(uint32_t jack_id, bool connected) {
  if (jack_id < jacks_.size()) jacks_[jack_id].connected = connected;
}

void EventQueue::JackWasRead(uint32_t jack_id, bool connected) {
  if (jack_id < jacks_.size()) jacks_[jack_id].told = connected;
}

void EventQueue::AddXrun(uint32_t stream_id) {
  if (stream_id < xruns_.size()) xruns_[stream_id] = true;
}

void EventQueue::ForgetXrun(uint32_t stream_id) {
  if (stream_id < xruns_.size()) xruns_[stream_id] = false;
}

void EventQueue::NotifyControl(uint16_t control_id, uint16_t mask) {
  // 5.14.6.10.4.1: no undefined mask values.
  if (control_id < controls_.size()) controls_[control_id] |= mask & kAllMasks;
}

void EventQueue::OnRequest(uint32_t code, MonotonicTime now) {
  if (IsProbe(code)) {
    open_from_ = now + kProbe;
  } else if (!open_from_ || IsUse(code)) {
    open_from_ = now;
  }
}

void EventQueue::Reset() {
  std::fill(xruns_.begin(), xruns_.end(), false);
  std::fill(controls_.begin(), controls_.end(), uint16_t{0});
  open_from_.reset();
  budget_spent_ = false;
}

void EventQueue::Serve(MonotonicTime now) {
  budget_spent_ = false;
  if (!open_from_ || now < *open_from_ || !has_pending()) return;
  int budget = queue_->budget();
  if (SendJacks(&budget) && SendXruns(&budget) && SendControls(&budget)) {
    // What the driver gives waits for the next event.
    queue_->DisableKicks();
  }
}

MonotonicTime EventQueue::NextDeadline(MonotonicTime now) const {
  if (budget_spent_) return now;
  if (!open_from_ || now >= *open_from_ || !has_pending()) {
    return MonotonicTime::max();
  }
  return *open_from_;
}

bool EventQueue::has_pending() const {
  const auto is_set = [](auto value) { return value != 0; };
  return std::any_of(jacks_.begin(), jacks_.end(),
                     [](const Jack& jack) { return jack.is_due(); }) ||
         std::any_of(xruns_.begin(), xruns_.end(), is_set) ||
         std::any_of(controls_.begin(), controls_.end(), is_set);
}

bool EventQueue::SendJacks(int* budget) {
  for (uint32_t id = 0; id < jacks_.size(); ++id) {
    Jack& jack = jacks_[id];
    if (!jack.is_due()) continue;
    const uint32_t code =
        jack.connected ? kSndEvtJackConnected : kSndEvtJackDisconnected;
    if (!Send({code, id}, budget)) return false;
    jack.told = jack.connected;
  }
  return true;
}

bool EventQueue::SendXruns(int* budget) {
  for (uint32_t id = 0; id < xruns_.size(); ++id) {
    if (!xruns_[id]) continue;
    if (!Send({kSndEvtPcmXrun, id}, budget)) return false;
    xruns_[id] = false;
  }
  return true;
}

bool EventQueue::SendControls(int* budget) {
  for (uint32_t id = 0; id < controls_.size(); ++id) {
    if (controls_[id] == 0) continue;
    const uint32_t data = id | uint32_t{controls_[id]} << 16;
    if (!Send({kSndEvtCtlNotify, data}, budget)) return false;
    controls_[id] = 0;
  }
  return true;
}

bool EventQueue::Send(const SndEvent& event, int* budget) {
  const auto bytes = absl::MakeConstSpan(
      reinterpret_cast<const uint8_t*>(&event), sizeof(event));
  for (;;) {
    if (*budget == 0) {
      budget_spent_ = queue_->started();
      return false;
    }
    absl::StatusOr<std::optional<DescriptorChain>> chain = queue_->Pop();
    if (chain.ok() && !chain->has_value()) {
      // The driver is asked to kick when it has given one.
      if (!queue_->EnableKicks()) return false;
      --*budget;
      continue;
    }
    --*budget;
    if (!chain.ok()) {
      ++stats_.bad_buffers;
      if (queue_->broken()) return false;
      continue;
    }
    // 5.14.5.1: at least the size of an event.
    const bool fits = (*chain)->writable_size() >= sizeof(event);
    if (fits) (*chain)->Write(0, bytes);
    queue_->PushUsed(**chain, fits ? sizeof(event) : 0, queue_->ticket());
    if (fits) {
      ++stats_.sent;
      return true;
    }
    ++stats_.bad_buffers;
  }
}

}  // namespace earshot
