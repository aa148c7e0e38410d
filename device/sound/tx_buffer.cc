#include "device/sound/tx_buffer.h"

#include <cassert>
#include <utility>

namespace earshot {
namespace {

absl::Span<uint8_t> BytesOf(uint32_t& value) {
  return absl::MakeSpan(reinterpret_cast<uint8_t*>(&value), sizeof(value));
}

}  // namespace

TxBuffer::TxBuffer(DescriptorChain chain, DeviceQueue* queue)
    : chain_(std::move(chain)), queue_(queue), ticket_(queue->ticket()) {
  chain_.Read(0, BytesOf(stream_id_));
}

TxBuffer::TxBuffer(TxBuffer&& other) noexcept
    : chain_(std::move(other.chain_)),
      queue_(std::exchange(other.queue_, nullptr)),
      ticket_(other.ticket_),
      stream_id_(other.stream_id_) {}

TxBuffer& TxBuffer::operator=(TxBuffer&& other) noexcept {
  if (this == &other) return *this;
  AnswerIfDropped();
  chain_ = std::move(other.chain_);
  queue_ = std::exchange(other.queue_, nullptr);
  ticket_ = other.ticket_;
  stream_id_ = other.stream_id_;
  return *this;
}

TxBuffer::~TxBuffer() { AnswerIfDropped(); }

size_t TxBuffer::ReadPayload(size_t offset, absl::Span<uint8_t> out) const {
  if (queue_ == nullptr || !queue_->Holds(ticket_)) return 0;
  return chain_.Read(sizeof(SndPcmXfer) + offset, out);
}

void TxBuffer::Answer(SndStatus status, uint32_t latency_bytes) {
  DeviceQueue* queue = std::exchange(queue_, nullptr);
  assert(queue != nullptr && "a guest's buffer is answered once");
  if (queue == nullptr || !queue->Holds(ticket_)) return;
  if (chain_.writable_size() < sizeof(SndPcmStatus)) {
    queue->PushUsed(chain_, 0, ticket_);
    return;
  }
  const SndPcmStatus answer{static_cast<uint32_t>(status), latency_bytes};
  chain_.Write(0, absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(&answer),
                                      sizeof(answer)));
  queue->PushUsed(chain_, sizeof(answer), ticket_);
}

void TxBuffer::AnswerIfDropped() {
  if (queue_ == nullptr || !queue_->Holds(ticket_)) return;
  assert(false && "a guest's buffer was dropped unanswered");
  Fail();
}

}  // namespace earshot
