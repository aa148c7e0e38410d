#include "device/sound/control_handler.h"

#include <utility>

#include "absl/types/span.h"
#include "device/sound/pcm_params.h"

namespace earshot {
namespace {

// The largest stride of an INFO query that is believed: the largest struct of
// virtio 1.4 is a tenth of it.
constexpr uint32_t kMaxInfoSize = 1024;

template <typename T>
bool ReadRequest(const DescriptorChain& chain, T* out) {
  return chain.Read(0, absl::MakeSpan(reinterpret_cast<uint8_t*>(out),
                                      sizeof(T))) == sizeof(T);
}

template <typename T>
absl::Span<const uint8_t> BytesOf(const T& value) {
  return absl::MakeConstSpan(reinterpret_cast<const uint8_t*>(&value),
                             sizeof(T));
}

// Writes `count` times `info` behind the status, `query.size` bytes apart.
template <typename T>
SndStatus WriteInfos(const SndQueryInfo& query, uint32_t total, const T& info,
                     DescriptorChain& chain, uint32_t* written) {
  // 5.14.6.2: within what there is; 64 bits, so that nothing wraps.
  if (uint64_t{query.start_id} + query.count > total) return SndStatus::kBadMsg;
  // `size` is what the driver knows of the struct: the stride. None of the
  // structs has ever been smaller.
  if (query.size < sizeof(T) || query.size > kMaxInfoSize) {
    return SndStatus::kBadMsg;
  }
  const uint64_t needed =
      sizeof(SndHeader) + uint64_t{query.count} * query.size;
  if (chain.writable_size() < needed) return SndStatus::kBadMsg;
  uint8_t item[kMaxInfoSize] = {};
  absl::Span<uint8_t> stride = absl::MakeSpan(item, query.size);
  const absl::Span<const uint8_t> bytes = BytesOf(info);
  for (size_t i = 0; i < bytes.size(); ++i) stride[i] = bytes[i];
  for (uint32_t i = 0; i < query.count; ++i) {
    chain.Write(sizeof(SndHeader) + size_t{i} * query.size, stride);
  }
  *written = static_cast<uint32_t>(needed);
  return SndStatus::kOk;
}

}  // namespace

ControlHandler::ControlHandler(
    const std::vector<std::unique_ptr<PcmStream>>* streams,
    std::function<void(MonotonicTime)> poll_tx)
    : streams_(streams), poll_tx_(std::move(poll_tx)) {}

ControlHandler::Outcome ControlHandler::Handle(DescriptorChain& chain,
                                               MonotonicTime now) {
  Outcome outcome;
  // Nowhere to answer: not carried out either.
  if (chain.writable_size() < sizeof(SndHeader)) return outcome;
  outcome.written = sizeof(SndHeader);

  SndHeader request{};
  if (ReadRequest(chain, &request)) {
    outcome.code = request.code;
    switch (request.code) {
      case kSndJackInfo:
      case kSndPcmInfo:
      case kSndChmapInfo:
        outcome.status = QueryInfo(request.code, chain, &outcome.written);
        break;
      case kSndPcmSetParams:
      case kSndPcmPrepare:
      case kSndPcmRelease:
      case kSndPcmStart:
      case kSndPcmStop: {
        SndPcmHeader header{};
        if (!ReadRequest(chain, &header)) break;
        outcome.stream_id = header.stream_id;
        outcome.status = request.code == kSndPcmSetParams
                             ? SetParams(chain, now)
                             : Command(request.code, header.stream_id, now);
        break;
      }
      default:
        // JACK_REMAP (no jack offers it), CTL_* (VIRTIO_SND_F_CTLS is not
        // offered) and what does not exist.
        outcome.status = SndStatus::kNotSupp;
    }
  }
  const SndHeader answer{static_cast<uint32_t>(outcome.status)};
  chain.Write(0, BytesOf(answer));
  return outcome;
}

SndStatus ControlHandler::QueryInfo(uint32_t code, DescriptorChain& chain,
                                    uint32_t* written) {
  SndQueryInfo query{};
  if (!ReadRequest(chain, &query)) return SndStatus::kBadMsg;
  switch (code) {
    case kSndJackInfo:
      return WriteInfos(query, 0, SndJackInfo{}, chain, written);
    case kSndPcmInfo:
      return WriteInfos(query, static_cast<uint32_t>(streams_->size()),
                        OfferedPcmInfo(PcmOffer()), chain, written);
    default:
      return WriteInfos(query, 1, OfferedChmapInfos(PcmOffer()).back(), chain,
                        written);
  }
}

SndStatus ControlHandler::SetParams(const DescriptorChain& chain,
                                    MonotonicTime now) {
  // Read at once, so that what is checked is what is used.
  SndPcmSetParams request{};
  if (!ReadRequest(chain, &request)) return SndStatus::kBadMsg;
  PcmStream* stream = Find(request.header.stream_id);
  if (stream == nullptr) return SndStatus::kBadMsg;
  PcmParams params;
  const SndStatus status = ParseSetParams(request, PcmOffer(), &params);
  if (status != SndStatus::kOk) return status;
  poll_tx_(now);
  return stream->SetParams(params, now);
}

SndStatus ControlHandler::Command(uint32_t code, uint32_t stream_id,
                                  MonotonicTime now) {
  PcmStream* stream = Find(stream_id);
  if (stream == nullptr) return SndStatus::kBadMsg;
  // Not before PREPARE: buffers that follow it closely belong to it.
  if (code != kSndPcmPrepare) poll_tx_(now);
  switch (code) {
    case kSndPcmPrepare:
      return stream->Prepare(now);
    case kSndPcmRelease:
      return stream->Release(now);
    case kSndPcmStart:
      return stream->Start(now);
    default:
      return stream->Stop(now);
  }
}

PcmStream* ControlHandler::Find(uint32_t stream_id) const {
  return stream_id < streams_->size() ? (*streams_)[stream_id].get() : nullptr;
}

}  // namespace earshot
