#ifndef EARSHOT_CLIENT_SEND_LOG_H_
#define EARSHOT_CLIENT_SEND_LOG_H_

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "client/monotonic_time.h"
#include "client/packet_encoder.h"
#include "proto/earshot/v1/playback.pb.h"

namespace earshot {

// All that is said within epochs, in its order, until it was played: the
// producer adds to its end, whether there is a call or not, and a cursor says
// it on the call that there is. When a call breaks, the cursor goes back to
// what the server has, or, at a server that knows nothing, to what no server
// can have played yet: then some packets before that bring its decoder to the
// state of the encoder.
//
// It does not throttle (CreditWindow does) and knows no call.
// Thread: the loop of its owner. Positions are frames since the epoch began.
class SendLog {
 public:
  enum class Kind { kBegin, kPacket, kSilence, kSkip, kEnd };
  // What is said next.
  struct Message {
    Kind kind = Kind::kBegin;
    uint64_t epoch = 0;
    int64_t end = 0;           // the position behind it
    int64_t needed_grant = 0;  // 0: none
    int64_t skipped = 0;       // frames, of kSkip
    int rate_hz = 0;
    // It ends silence. What the server says until it has heard it may be ahead:
    // Confirm() is to follow then.
    bool ends_silence = false;
  };
  // Where a server that knows nothing begins; epoch 0: there is none.
  struct Point {
    uint64_t epoch = 0;
    int64_t frame = 0;
  };
  // What a new start costs.
  struct Loss {
    uint64_t epoch = 0;
    int64_t frames = 0;  // of unknown fate, skips not counted
    bool over = false;   // the epoch has ended, and nothing of it is left
  };
  enum class BarrierState { kBefore, kReached, kMissed };

  // --- The producer.
  // The newest epoch begins, at 0.
  void Begin(const v1::Begin& begin);
  void AddPacket(const PacketEncoder::Packet& packet, MonotonicTime captured);
  void AddSilence(int64_t first_frame);
  void AddSkip(int64_t first_frame, int64_t frame_count,
               v1::Skip::Reason reason);
  void End(int64_t end_frame);
  // Forgets the newest epoch if it was never spoken of and holds no sound.
  // Whether it did.
  bool ForgetSoundless();
  // Of the newest epoch, or 0.
  uint64_t newest_epoch() const;
  int64_t end() const;
  int rate_hz() const;
  bool in_epoch() const { return !epochs_.empty() && !epochs_.back().ended; }
  bool in_silence() const;
  // Where the packet begins that follows the one at the end, or a later one:
  // the first that is not before `frame`.
  int64_t PacketStartFrom(int64_t frame) const;

  // --- The cursor.
  std::optional<Message> Next() const;
  // Fills `request` with Next(), which there is, and moves on.
  Message Say(v1::PlayRequest& request);
  // The epoch that was begun last on this call, 0 if none, and the position.
  uint64_t said_epoch() const { return begun_ ? cursor_epoch_ : 0; }
  int64_t said_position() const { return begun_ ? position_ : 0; }
  // Of that epoch, at some server.
  int64_t furthest_said() const;
  // The newest epoch was begun on this call, and all of it was said.
  bool all_said() const;
  // It was begun on this call, and its End was said.
  bool end_said() const { return end_said_; }
  // Nothing from there on is said; see AtBarrier().
  void SetBarrier(std::optional<Point> barrier) { barrier_ = barrier; }
  // Whether all before the barrier was said, or a packet lies across it.
  // Digital silence reaches up to `quiet_end`.
  BarrierState AtBarrier(int64_t quiet_end) const;

  // --- What the server said.
  void OnProgress(const v1::Progress& progress, MonotonicTime now);
  void OnDrained(uint64_t epoch);
  // The server has heard all that was said so far.
  void Confirm();

  // --- Another call.
  // The same server: it has `received_frame` of `received_epoch`, and whether
  // its End. False if that cannot be.
  [[nodiscard]] bool Resume(uint64_t received_epoch, int64_t received_frame,
                            bool received_end);
  // Where to begin at a server that knows nothing: at what the server before
  // cannot have played until `now`, nor sooner than `slack` after that; the
  // newest epoch is played until `paused_at`. If it may have played everything,
  // the end of it all.
  Point PlanRestart(MonotonicTime now, std::chrono::nanoseconds slack,
                    std::optional<MonotonicTime> paused_at,
                    int64_t quiet_end) const;
  // Goes back there. Epochs before it are over.
  std::vector<Loss> Restart(const Point& point);
  // Forgets what the newest epoch has not said yet, if it has not ended: it
  // goes on with a skip.
  void DropUnsaid();
  // The epoch goes on there at another server, and earlier ones are the
  // business of the one before: nothing is lost.
  void MoveTo(const Point& point);

 private:
  struct Item {
    Kind kind = Kind::kPacket;
    int64_t first = 0;
    int64_t end = 0;  // of kSilence: as `first`
    v1::Skip::Reason reason = v1::Skip::REASON_UNSPECIFIED;
    int decoded_frames = 0;
    bool codec_start = false;
    MonotonicTime captured;
    std::string payload;
  };
  struct Epoch {
    v1::Begin begin;
    std::deque<Item> items;
    int64_t first_index = 0;  // of items.front()
    int64_t start = 0;        // where it began at the newest server
    int64_t end = 0;          // where the last item ends
    bool ended = false;
    bool begun = false;  // at some server
    int64_t said = 0;    // at some server, the furthest
    int64_t played = 0;
    MonotonicTime played_at;  // when that was so
    // Since silence ended there, `played` may tell of the silence.
    std::optional<int64_t> unconfirmed;

    uint64_t id() const { return begin.epoch(); }
    int rate_hz() const { return begin.format().rate_hz(); }
    int64_t end_index() const {
      return first_index + static_cast<int64_t>(items.size());
    }
    const Item& at(int64_t index) const { return items[index - first_index]; }
  };

  Epoch* Find(uint64_t id);
  const Epoch* Find(uint64_t id) const;
  // Where the cursor is; null behind the last epoch.
  const Epoch* Cursor() const;
  int Waiting(const Epoch& e) const;
  int64_t NextIndex(const Epoch& e) const;
  static bool Before(const Epoch& e, int64_t index, int64_t frame);
  static int64_t IndexAt(const Epoch& e, int64_t frame);
  static int64_t PreRollStart(const Epoch& e, int64_t index);
  static int64_t RoundUp(const Epoch& e, int64_t frame, int64_t quiet_end);
  static int64_t SoundIn(const Epoch& e, int64_t from, int64_t to);
  void Append(Item item);
  int64_t MostPlayed(const Epoch& e) const;
  void Trim(Epoch& e);
  void StartAt(Epoch& e, int64_t frame);
  void DropFront();
  void FillBegin(const Epoch& e, v1::Begin& begin) const;
  void FillItem(const Item& item, int64_t end, v1::PlayRequest& request) const;

  std::deque<Epoch> epochs_;  // oldest first; all but the last have ended
  std::vector<std::string> spare_payloads_;  // of packets that were played
  std::optional<Point> barrier_;

  uint64_t cursor_epoch_ = 0;  // 0: the oldest
  bool begun_ = false;         // it was, on this call
  bool end_said_ = false;      // and ended
  int64_t next_index_ = 0;
  int64_t sound_index_ = 0;  // packets before it are pre-roll
  int64_t position_ = 0;     // where the last message ended
  bool silent_ = false;      // it was Silence
};

}  // namespace earshot

#endif  // EARSHOT_CLIENT_SEND_LOG_H_
