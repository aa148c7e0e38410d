#include "server/jitter_buffer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/stream_types.h"

namespace earshot {
namespace {

// What an item costs besides its payload, so that tiny packets are bounded.
constexpr size_t kItemBytes = sizeof(JitterBuffer::Item);

size_t Cost(const JitterBuffer::Item& item) {
  return kItemBytes + item.payload.size();
}

}  // namespace

JitterBuffer::JitterBuffer(int64_t first_frame, size_t max_bytes)
    : max_bytes_(max_bytes), end_frame_(first_frame) {}

AddResult JitterBuffer::AddPacket(int64_t first_frame, int64_t frame_count,
                                  std::string payload, int64_t granted_frame) {
  if (frame_count < 0) return AddResult::kBadCount;
  const AddResult position = CheckPosition(first_frame, frame_count);
  if (position != AddResult::kAdded) return position;
  if (first_frame + frame_count > granted_frame) return AddResult::kNotGranted;
  return Push({Item::Kind::kPacket, first_frame, first_frame + frame_count,
               std::move(payload)});
}

AddResult JitterBuffer::AddSilence(int64_t first_frame) {
  const AddResult position = CheckPosition(first_frame, 0);
  if (position != AddResult::kAdded) return position;
  if (in_open_silence()) {  // said again: it is confirmed up to there
    end_frame_ = first_frame;
    return AddResult::kAdded;
  }
  return Push({Item::Kind::kSilence, first_frame, kOpenEnd, {}});
}

AddResult JitterBuffer::AddSkip(int64_t first_frame, int64_t frame_count) {
  if (frame_count < 1) return AddResult::kBadCount;
  const AddResult position = CheckPosition(first_frame, frame_count);
  if (position != AddResult::kAdded) return position;
  return Push({Item::Kind::kSkip, first_frame, first_frame + frame_count, {}});
}

AddResult JitterBuffer::End(int64_t end_frame, int64_t granted_frame) {
  const AddResult position = CheckPosition(end_frame, 0);
  if (position != AddResult::kAdded) return position;
  if (in_open_silence() && end_frame > granted_frame) {
    return AddResult::kNotGranted;
  }
  CloseSilence(end_frame);
  end_frame_ = end_frame;
  ended_ = true;
  return AddResult::kAdded;
}

Refusal JitterBuffer::Explain(AddResult result, const char* field,
                              int64_t first_frame, int64_t frame_count,
                              int64_t granted_frame) const {
  switch (result) {
    case AddResult::kAdded:
      break;
    case AddResult::kNotContiguous:
      return {
          Reason::kNotContiguous, field,
          absl::StrCat(first_frame,
                       " is not where the last message ended: ", end_frame_)};
    case AddResult::kBadCount:
      return {Reason::kBadFrameCount, field,
              absl::StrCat(frame_count, " frames; at least 1 is needed")};
    case AddResult::kTooFar:
      return {Reason::kPositionTooLarge, field,
              absl::StrCat("positions go from 0 to ", kMaxPosition)};
    case AddResult::kNotGranted:
      return {
          Reason::kNotGranted, field,
          absl::StrCat("[", first_frame, ", ", first_frame + frame_count,
                       ") goes beyond the granted position ", granted_frame)};
    case AddResult::kTooManyBytes:
      return {Reason::kTooMuchQueued, field,
              absl::StrCat("the server holds ", bytes_,
                           " bytes of this epoch, which is all it may")};
    case AddResult::kEnded:
      return {Reason::kNoEpoch, field, "the epoch has ended"};
  }
  return Refusal::None();
}

JitterBuffer::Item JitterBuffer::PopFront() {
  Item item = std::move(items_.front());
  items_.pop_front();
  bytes_ -= Cost(item);
  if (item.kind == Item::Kind::kSkip) {
    skip_frames_ -= item.end_frame - item.first_frame;
  }
  return item;
}

bool JitterBuffer::in_open_silence() const {
  return !items_.empty() && items_.back().end_frame == kOpenEnd;
}

AddResult JitterBuffer::CheckPosition(int64_t first_frame,
                                      int64_t frame_count) const {
  if (ended_) return AddResult::kEnded;
  if (first_frame < 0 || first_frame > kMaxPosition ||
      frame_count > kMaxPosition - first_frame) {
    return AddResult::kTooFar;
  }
  const bool fits =
      in_open_silence() ? first_frame >= end_frame_ : first_frame == end_frame_;
  return fits ? AddResult::kAdded : AddResult::kNotContiguous;
}

void JitterBuffer::CloseSilence(int64_t end_frame) {
  if (in_open_silence()) items_.back().end_frame = end_frame;
}

AddResult JitterBuffer::Push(Item item) {
  const size_t cost = Cost(item);
  if (cost > max_bytes_ - bytes_) return AddResult::kTooManyBytes;
  CloseSilence(item.first_frame);
  if (item.kind == Item::Kind::kSkip) {
    skip_frames_ += item.end_frame - item.first_frame;
  }
  end_frame_ = item.end_frame == kOpenEnd ? item.first_frame : item.end_frame;
  bytes_ += cost;
  items_.push_back(std::move(item));
  return AddResult::kAdded;
}

}  // namespace earshot
