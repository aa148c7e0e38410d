#include "client/send_log.h"

#include <algorithm>
#include <utility>

namespace earshot {
namespace {

using std::chrono::nanoseconds;

// What a decoder needs to hear to be in the encoder's state, as near as one can
// tell (RFC 7845, 4.6).
constexpr int kPreRollMs = 80;
// A server that grants and never plays must not fill the memory: the oldest of
// more than 20 s of the shortest packets go, played or not.
constexpr size_t kMaxItems = 8192;

// Bounded, so that it never overflows: no window is that long.
int64_t Frames(nanoseconds time, int rate_hz) {
  const nanoseconds bounded =
      std::clamp<nanoseconds>(time, nanoseconds(0), std::chrono::hours(1));
  return bounded.count() / 1000 * rate_hz / 1000000;
}

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
  if (e == nullptr) return;
  int64_t played = progress.played_frame();
  if (e->unconfirmed) played = std::min(played, *e->unconfirmed);
  e->played = played;
  e->played_at = now;
  Trim(*e);
}

void SendLog::OnDrained(uint64_t epoch) {
  while (!epochs_.empty() && epochs_.front().id() <= epoch) DropFront();
}

// The cursor stays behind what it has said.
void SendLog::DropFront() { epochs_.pop_front(); }

void SendLog::Confirm() {
  for (Epoch& e : epochs_) e.unconfirmed.reset();
}

// Whether the item lies before `frame`.
bool SendLog::Before(const Epoch& e, int64_t index, int64_t frame) {
  const Item& item = e.at(index);
  if (item.kind != Kind::kSilence) return item.end <= frame;
  // It lasts until the next.
  return index + 1 < e.end_index() && e.at(index + 1).first <= frame;
}

// Of the first item that does not lie before `frame`.
int64_t SendLog::IndexAt(const Epoch& e, int64_t frame) {
  int64_t index = e.first_index;
  while (index < e.end_index() && Before(e, index, frame)) ++index;
  return index;
}

// Of the first packet of the pre-roll for the sound from `index` on.
int64_t SendLog::PreRollStart(const Epoch& e, int64_t index) {
  const int64_t enough = int64_t{e.rate_hz()} * kPreRollMs / 1000;
  // A codec without a delay has no state.
  if (e.begin.pre_skip_frames() == 0) return index;
  if (index < e.end_index() &&
      (e.at(index).kind == Kind::kSkip || e.at(index).codec_start)) {
    return index;
  }
  int64_t decoded = 0;
  while (index > e.first_index && decoded < enough) {
    const Item& item = e.at(index - 1);
    if (item.kind == Kind::kSkip) break;
    --index;
    decoded += item.decoded_frames;
    if (item.codec_start) break;
  }
  return index;
}

void SendLog::Trim(Epoch& e) {
  int64_t index = IndexAt(e, e.played);
  if (e.id() == cursor_epoch_) index = std::min(index, next_index_);
  if (e.id() > cursor_epoch_) return;
  index = PreRollStart(e, index);
  for (; e.first_index < index; ++e.first_index) e.items.pop_front();
}

// --- Another call.

bool SendLog::Resume(uint64_t received_epoch, int64_t received_frame,
                     bool received_end) {
  Confirm();
  begun_ = end_said_ = silent_ = false;
  cursor_epoch_ = 0;
  if (received_epoch == 0 || epochs_.empty() ||
      received_epoch < epochs_.front().id()) {
    // It knows nothing of what is here: that has to be from its beginning.
    return epochs_.empty() || epochs_.front().start == 0;
  }
  Epoch* e = Find(received_epoch);
  if (e == nullptr || (received_end && !e->ended)) return false;
  const int64_t index = IndexAt(*e, received_frame);
  if (index < e->end_index()) {
    const Item& item = e->at(index);
    silent_ = index > e->first_index && e->at(index - 1).kind == Kind::kSilence;
    // Packets come whole, and what was played is not here any more.
    if (item.kind == Kind::kPacket && item.first < received_frame) return false;
    if (item.first > received_frame && !silent_) return false;
  }
  cursor_epoch_ = e->id();
  begun_ = true;
  next_index_ = sound_index_ = index;
  position_ = received_frame;
  end_said_ = received_end;
  return true;
}

// Where sound begins that no server has had before `frame`.
int64_t SendLog::RoundUp(const Epoch& e, int64_t frame, int64_t quiet_end) {
  const int64_t index = IndexAt(e, frame);
  if (index == e.end_index()) return frame;
  const Item& item = e.at(index);
  if (item.kind == Kind::kPacket) {
    if (item.first < frame) return item.end;
    // Silence before it need not be played again.
    return item.first;
  }
  if (item.kind == Kind::kSkip || item.first > frame) {
    return std::max(item.first, frame);
  }
  if (index + 1 < e.end_index()) return e.at(index + 1).first;
  return std::max(frame, e.ended ? e.end : quiet_end);
}

SendLog::Point SendLog::PlanRestart(MonotonicTime now, nanoseconds slack,
                                    std::optional<MonotonicTime> paused_at,
                                    int64_t quiet_end) const {
  std::optional<MonotonicTime> since;  // of an epoch whose turn it then was
  for (const Epoch& e : epochs_) {
    int64_t bound = e.start;
    const MonotonicTime from = since ? *since : e.played_at;
    if (e.begun) {
      const MonotonicTime until =
          !e.ended && paused_at ? std::min(now, *paused_at) : now;
      bound = std::min(e.said,
                       e.played + Frames(until - from + slack, e.rate_hz()));
      bound = std::max(bound, e.played);
    }
    const int64_t frame = RoundUp(e, bound, quiet_end);
    if (!e.ended || frame < e.end) return {e.id(), frame};
    since =
        from + nanoseconds((e.end - e.played) * 1000000 / e.rate_hz() * 1000);
  }
  return {};
}

// Frames there that were not skipped.
int64_t SendLog::SoundIn(const Epoch& e, int64_t from, int64_t to) {
  int64_t sound = std::max<int64_t>(to - from, 0);
  for (const Item& item : e.items) {
    if (item.kind != Kind::kSkip) continue;
    sound -= std::max<int64_t>(
        std::min(item.end, to) - std::max(item.first, from), 0);
  }
  return sound;
}

std::vector<SendLog::Loss> SendLog::Restart(const Point& point) {
  std::vector<Loss> losses;
  // Epoch 0: all that was begun is over; what was not comes next.
  while (!epochs_.empty() && (epochs_.front().id() < point.epoch ||
                              (point.epoch == 0 && epochs_.front().begun))) {
    const Epoch& e = epochs_.front();
    losses.push_back({e.id(), SoundIn(e, e.played, e.end), true});
    DropFront();
  }
  begun_ = end_said_ = silent_ = false;
  cursor_epoch_ = 0;
  if (Epoch* e = Find(point.epoch); e != nullptr) {
    if (const int64_t lost = SoundIn(*e, e->played, point.frame); lost > 0) {
      losses.push_back({e->id(), lost, false});
    }
    StartAt(*e, point.frame);
  }
  return losses;
}

void SendLog::MoveTo(const Point& point) {
  while (!epochs_.empty() && epochs_.front().id() < point.epoch) DropFront();
  if (Epoch* e = Find(point.epoch); e != nullptr) {
    if (end_said_) {
      DropFront();
    } else {
      StartAt(*e, point.frame);
    }
  }
  begun_ = end_said_ = silent_ = false;
  cursor_epoch_ =
      epochs_.empty() || epochs_.front().id() != point.epoch ? 0 : point.epoch;
  barrier_.reset();
}

void SendLog::StartAt(Epoch& e, int64_t frame) {
  e.start = e.played = frame;
  e.said = std::max(e.said, frame);
  e.end = std::max(e.end, frame);
  e.unconfirmed.reset();
  cursor_epoch_ = e.id();
  sound_index_ = IndexAt(e, frame);
  next_index_ = PreRollStart(e, sound_index_);
}

}  // namespace earshot
