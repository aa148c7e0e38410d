#include "client/send_log.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace earshot {
namespace {

// A server that grants and never plays must not fill the memory: the oldest of
// more than 20 s of the shortest packets go, played or not.
constexpr size_t kMaxItems = 8192;
// Epochs that a server has still to play; more are refused.
constexpr int kMaxWaitingEpochs = 16;
// Payloads whose memory is used again: about as many packets are played from
// one Progress to the next.
constexpr size_t kMaxSparePayloads = 32;

}  // namespace

// --- The producer.

void SendLog::Begin(const v1::Begin& begin) {
  Epoch e;
  e.begin = begin;
  epochs_.push_back(std::move(e));
}

void SendLog::Append(Item item) {
  if (epochs_.empty() || epochs_.back().ended) return;
  Epoch& e = epochs_.back();
  e.end = std::max(e.end, item.end);
  // What was played of the silence before it, the server goes back on.
  if (in_silence()) e.played = std::min(e.played, item.first);
  e.items.push_back(std::move(item));
  if (e.items.size() <= kMaxItems) return;
  if (cursor_epoch_ == e.id() && next_index_ <= e.first_index) ++next_index_;
  e.items.pop_front();
  ++e.first_index;
}

void SendLog::AddPacket(const PacketEncoder::Packet& packet,
                        MonotonicTime captured) {
  Item item;
  item.kind = Kind::kPacket;
  item.first = packet.first_frame;
  item.end = packet.first_frame + packet.frame_count;
  item.decoded_frames = packet.decoded_frames;
  item.codec_start = packet.codec_start;
  item.captured = captured;
  if (!spare_payloads_.empty()) {
    item.payload = std::move(spare_payloads_.back());
    spare_payloads_.pop_back();
  }
  item.payload.assign(reinterpret_cast<const char*>(packet.payload.data()),
                      packet.payload.size());
  Append(std::move(item));
}

void SendLog::AddSilence(int64_t first_frame) {
  Item item;
  item.kind = Kind::kSilence;
  item.first = item.end = first_frame;
  Append(std::move(item));
}

void SendLog::AddSkip(int64_t first_frame, int64_t frame_count,
                      v1::Skip::Reason reason) {
  Item item;
  item.kind = Kind::kSkip;
  item.first = first_frame;
  item.end = first_frame + frame_count;
  item.reason = reason;
  Append(std::move(item));
}

void SendLog::End(int64_t end_frame) {
  if (epochs_.empty()) return;
  Epoch& e = epochs_.back();
  e.end = std::max(e.end, end_frame);
  e.played = std::min(e.played, e.end);
  e.ended = true;
}

bool SendLog::ForgetSoundless() {
  if (epochs_.empty() || epochs_.back().begun) return false;
  const std::deque<Item>& items = epochs_.back().items;
  if (std::any_of(items.begin(), items.end(),
                  [](const Item& i) { return i.kind == Kind::kPacket; })) {
    return false;
  }
  if (cursor_epoch_ == epochs_.back().id()) cursor_epoch_ = 0;
  epochs_.pop_back();
  return true;
}

uint64_t SendLog::newest_epoch() const {
  return epochs_.empty() ? 0 : epochs_.back().id();
}

int64_t SendLog::end() const {
  return epochs_.empty() ? 0 : epochs_.back().end;
}

int SendLog::rate_hz() const {
  return epochs_.empty() ? 0 : epochs_.back().rate_hz();
}

bool SendLog::in_silence() const {
  return !epochs_.empty() && !epochs_.back().items.empty() &&
         epochs_.back().items.back().kind == Kind::kSilence;
}

int64_t SendLog::PacketStartFrom(int64_t frame) const {
  if (epochs_.empty()) return 0;
  const Epoch& e = epochs_.back();
  const auto packet =
      std::find_if(e.items.rbegin(), e.items.rend(),
                   [](const Item& i) { return i.kind == Kind::kPacket; });
  // The codec starts anew at the end.
  if (packet == e.items.rend() || packet->decoded_frames <= 0 ||
      e.items.back().kind == Kind::kSkip) {
    return e.end;
  }
  const int64_t first = std::max(frame, e.end) - packet->end;
  const int64_t packets =
      (first + packet->decoded_frames - 1) / packet->decoded_frames;
  return packet->end + packets * packet->decoded_frames;
}

// --- The cursor.

const SendLog::Epoch* SendLog::Cursor() const {
  if (epochs_.empty()) return nullptr;
  if (cursor_epoch_ == 0) return &epochs_.front();
  for (const Epoch& e : epochs_) {
    if (e.id() < cursor_epoch_) continue;
    if (e.id() > cursor_epoch_ || !end_said_) return &e;
  }
  return nullptr;
}

// Epochs before it that were not played to their end.
int SendLog::Waiting(const Epoch& e) const {
  return static_cast<int>(
      std::count_if(epochs_.begin(), epochs_.end(),
                    [&](const Epoch& other) { return other.id() < e.id(); }));
}

// Of pre-roll, only packets are said.
int64_t SendLog::NextIndex(const Epoch& e) const {
  int64_t index = next_index_;
  while (index < sound_index_ && e.at(index).kind != Kind::kPacket) ++index;
  return index;
}

std::optional<SendLog::Message> SendLog::Next() const {
  const Epoch* e = Cursor();
  if (e == nullptr) return std::nullopt;
  Message m;
  m.epoch = e->id();
  m.rate_hz = e->rate_hz();
  const bool barred = barrier_ && e->id() == barrier_->epoch;
  if (barrier_ && e->id() > barrier_->epoch) return std::nullopt;
  if (!begun_ || e->id() != cursor_epoch_) {
    if (Waiting(*e) >= kMaxWaitingEpochs) return std::nullopt;
    m.kind = Kind::kBegin;
    m.end = e->start;
    return m;
  }
  if (const int64_t index = NextIndex(*e); index < e->end_index()) {
    const Item& item = e->at(index);
    m.kind = item.kind;
    m.end = std::max(item.end, position_);
    if (index < sound_index_) {
      m.end = position_;
      return m;
    }
    if (item.kind == Kind::kSkip) {
      if (barred) m.end = std::min(m.end, barrier_->frame);
      m.skipped = m.end - std::max(item.first, position_);
      if (m.skipped <= 0) return std::nullopt;
    } else if (barred && (m.end > barrier_->frame ||
                          std::max(item.first, position_) >= barrier_->frame)) {
      return std::nullopt;
    }
    m.needed_grant = item.kind == Kind::kPacket ? m.end
                     : silent_                  ? item.first
                                                : 0;
    m.ends_silence = silent_ && item.kind != Kind::kSilence;
    return m;
  }
  if (!e->ended || (barred && e->end > barrier_->frame)) return std::nullopt;
  m.kind = Kind::kEnd;
  m.end = e->end;
  m.needed_grant = silent_ ? e->end : 0;
  return m;
}

SendLog::Message SendLog::Say(v1::PlayRequest& request) {
  const Message m = *Next();
  Epoch& e = *Find(m.epoch);
  if (m.kind == Kind::kBegin) {
    if (cursor_epoch_ != m.epoch) {
      next_index_ = sound_index_ = e.first_index;
      cursor_epoch_ = m.epoch;
    }
    begun_ = e.begun = true;
    end_said_ = silent_ = false;
    position_ = e.start;
    FillBegin(e, *request.mutable_begin());
    return m;
  }
  if (m.kind == Kind::kEnd) {
    request.mutable_end()->set_end_frame(m.end);
    end_said_ = true;
  } else {
    next_index_ = NextIndex(e);
    const Item& item = e.at(next_index_);
    FillItem(item, m.end, request);
    if (next_index_ < sound_index_ || m.end >= item.end) ++next_index_;
    if (m.ends_silence && !e.unconfirmed) e.unconfirmed = item.first;
    silent_ = item.kind == Kind::kSilence;
  }
  position_ = m.end;
  e.said = std::max(e.said, m.end);
  return m;
}

void SendLog::FillBegin(const Epoch& e, v1::Begin& begin) const {
  begin = e.begin;
  int64_t decoded = 0;
  for (int64_t i = next_index_; i < sound_index_; ++i) {
    decoded += e.at(i).decoded_frames;
  }
  begin.set_pre_roll_frames(static_cast<int>(decoded));
}

void SendLog::FillItem(const Item& item, int64_t end,
                       v1::PlayRequest& request) const {
  const int64_t first = std::max(item.first, position_);
  switch (item.kind) {
    case Kind::kPacket: {
      v1::Packet& packet = *request.mutable_packet();
      packet.set_first_frame(first);
      packet.set_frame_count(static_cast<int>(end - first));
      packet.set_payload(item.payload);
      packet.set_capture_time_ns(item.captured.time_since_epoch().count());
      break;
    }
    case Kind::kSkip: {
      v1::Skip& skip = *request.mutable_skip();
      skip.set_first_frame(first);
      skip.set_frame_count(end - first);
      skip.set_reason(item.reason);
      break;
    }
    default:
      request.mutable_silence()->set_first_frame(first);
      break;
  }
}

int64_t SendLog::furthest_said() const {
  const Epoch* e = Find(said_epoch());
  return e == nullptr ? 0 : e->said;
}

bool SendLog::all_said() const {
  return begun_ && !epochs_.empty() && cursor_epoch_ == epochs_.back().id() &&
         next_index_ == epochs_.back().end_index();
}

SendLog::BarrierState SendLog::AtBarrier(int64_t quiet_end) const {
  const Epoch* e = Cursor();
  // Behind the epoch of the barrier, or all of it was said.
  if (e == nullptr || !barrier_ || e->id() > barrier_->epoch) {
    return BarrierState::kReached;
  }
  if (e->id() < barrier_->epoch || !begun_ || e->id() != cursor_epoch_) {
    return BarrierState::kBefore;
  }
  if (position_ == barrier_->frame) return BarrierState::kReached;
  if (next_index_ == e->end_index()) {
    return silent_ && quiet_end >= barrier_->frame ? BarrierState::kReached
                                                   : BarrierState::kBefore;
  }
  const Item& next = e->at(next_index_);
  if (silent_ && next.first >= barrier_->frame) return BarrierState::kReached;
  if (next.kind == Kind::kPacket && next.end > barrier_->frame) {
    return BarrierState::kMissed;
  }
  return BarrierState::kBefore;
}

// --- What the server said.

SendLog::Epoch* SendLog::Find(uint64_t id) {
  for (Epoch& e : epochs_) {
    if (e.id() == id) return &e;
  }
  return nullptr;
}

const SendLog::Epoch* SendLog::Find(uint64_t id) const {
  return const_cast<SendLog*>(this)->Find(id);
}

void SendLog::OnProgress(const v1::Progress& progress, MonotonicTime now) {
  Epoch* e = Find(progress.epoch());
  // They are played in their order.
  if (e == nullptr || e != &epochs_.front()) return;
  // It goes back only where silence ends: Append().
  e->played =
      std::max(e->played, std::min(progress.played_frame(), MostPlayed(*e)));
  e->played_at = now;
  Trim(*e);
}

// No server is beyond what it was told, but in silence that lasts, or of whose
// end it had not heard.
int64_t SendLog::MostPlayed(const Epoch& e) const {
  if (e.unconfirmed) return *e.unconfirmed;
  if (e.ended && (e.id() != cursor_epoch_ || end_said_)) return e.end;
  if (e.id() != cursor_epoch_ || !begun_) return e.said;
  if (!silent_) return position_;
  if (next_index_ < e.end_index()) {
    return std::max(e.at(next_index_).first, position_);
  }
  return e.ended ? e.end : std::numeric_limits<int64_t>::max();
}

void SendLog::OnDrained(uint64_t epoch) {
  while (!epochs_.empty() && epochs_.front().id() <= epoch) DropFront();
}

// The cursor stays behind what it has said.
void SendLog::DropFront() { epochs_.pop_front(); }

void SendLog::Confirm() {
  for (Epoch& e : epochs_) e.unconfirmed.reset();
}

void SendLog::Trim(Epoch& e) {
  int64_t index = IndexAt(e, e.played);
  if (e.id() == cursor_epoch_) index = std::min(index, next_index_);
  if (e.id() > cursor_epoch_) return;
  index = PreRollStart(e, index);
  // The server may not have heard yet that it ended.
  if (index > e.first_index && e.at(index - 1).kind == Kind::kSilence) --index;
  for (; e.first_index < index; ++e.first_index) {
    if (spare_payloads_.size() < kMaxSparePayloads) {
      spare_payloads_.push_back(std::move(e.items.front().payload));
    }
    e.items.pop_front();
  }
}

}  // namespace earshot
