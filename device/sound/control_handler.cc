#include "device/sound/control_handler.h"

#include <algorithm>
#include <utility>

#include "absl/types/span.h"

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

// Writes those of `infos` that are asked for behind the status, `query.size`
// bytes apart.
template <typename T>
SndStatus WriteInfos(const SndQueryInfo& query, const std::vector<T>& infos,
                     DescriptorChain& chain, uint32_t* written) {
  // 5.14.6.2: within what there is; 64 bits, so that nothing wraps.
  if (uint64_t{query.start_id} + query.count > infos.size()) {
    return SndStatus::kBadMsg;
  }
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
  for (uint32_t i = 0; i < query.count; ++i) {
    const absl::Span<const uint8_t> bytes = BytesOf(infos[query.start_id + i]);
    std::copy(bytes.begin(), bytes.end(), stride.begin());
    chain.Write(sizeof(SndHeader) + size_t{i} * query.size, stride);
  }
  *written = static_cast<uint32_t>(needed);
  return SndStatus::kOk;
}

}  // namespace

ControlHandler::ControlHandler(Parts parts) : parts_(std::move(parts)) {
  for (uint32_t id = 0; id < parts_.streams->size(); ++id) {
    pcm_infos_.push_back(OfferedPcmInfo(parts_.offer));
    pcm_infos_.back().hda_fn_nid = id;
    for (SndChmapInfo info : OfferedChmapInfos(parts_.offer)) {
      info.hda_fn_nid = id;
      chmap_infos_.push_back(info);
    }
  }
}

ControlHandler::Outcome ControlHandler::Handle(DescriptorChain& chain,
                                               MonotonicTime now) {
  Outcome outcome;
  // Nowhere to answer: not carried out either.
  if (chain.writable_size() < sizeof(SndHeader)) return outcome;
  outcome.written = sizeof(SndHeader);

  SndHeader request{};
  if (ReadRequest(chain, &request)) {
    outcome.code = request.code;
    parts_.events->OnRequest(request.code, now);
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
                             ? SetParams(header.stream_id, chain, now)
                             : Command(request.code, header.stream_id, now);
        break;
      }
      case kSndCtlInfo:
      case kSndCtlEnumItems:
      case kSndCtlRead:
      case kSndCtlWrite:
      case kSndCtlTlvRead:
      case kSndCtlTlvWrite:
      case kSndCtlTlvCommand:
        outcome.status = parts_.controls == nullptr
                             ? SndStatus::kNotSupp
                             : parts_.controls->Handle(request.code, chain, now,
                                                       &outcome.written);
        break;
      default:
        // JACK_REMAP (no jack has VIRTIO_SND_JACK_F_REMAP, 5.14.6.4.2), and
        // what does not exist.
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
      return QueryJacks(query, chain, written);
    case kSndPcmInfo:
      return WriteInfos(query, pcm_infos_, chain, written);
    default:
      return WriteInfos(query, chmap_infos_, chain, written);
  }
}

SndStatus ControlHandler::QueryJacks(const SndQueryInfo& query,
                                     DescriptorChain& chain,
                                     uint32_t* written) {
  std::vector<SndJackInfo> infos;
  for (const Jack& jack : *parts_.jacks) infos.push_back(jack.Info());
  const SndStatus status = WriteInfos(query, infos, chain, written);
  if (status != SndStatus::kOk) return status;
  for (uint32_t i = 0; i < query.count; ++i) {
    const uint32_t id = query.start_id + i;
    parts_.events->JackWasRead(id, infos[id].connected != 0);
  }
  return status;
}

SndStatus ControlHandler::SetParams(uint32_t stream_id,
                                    const DescriptorChain& chain,
                                    MonotonicTime now) {
  // Read at once, so that what is checked is what is used. The header was read
  // before: the guest may have changed it since.
  SndPcmSetParams request{};
  if (!ReadRequest(chain, &request)) return SndStatus::kBadMsg;
  PcmStream* stream = Find(stream_id);
  if (stream == nullptr) return SndStatus::kBadMsg;
  PcmParams params;
  const SndStatus status = ParseSetParams(request, parts_.offer, &params);
  if (status != SndStatus::kOk) return status;
  parts_.poll_tx(now);
  return stream->SetParams(params, now, request.features);
}

SndStatus ControlHandler::Command(uint32_t code, uint32_t stream_id,
                                  MonotonicTime now) {
  PcmStream* stream = Find(stream_id);
  if (stream == nullptr) return SndStatus::kBadMsg;
  // Not before PREPARE: buffers that follow it closely belong to it.
  if (code != kSndPcmPrepare) parts_.poll_tx(now);
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
  const auto& streams = *parts_.streams;
  return stream_id < streams.size() ? streams[stream_id].get() : nullptr;
}

}  // namespace earshot
