#include "sinks/wav_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sinks/wav_format.h"

namespace earshot {
namespace {

constexpr int kDs64Bytes = 28;
constexpr uint32_t kSeeDs64 = 0xffffffff;

absl::Status Errno(const char* what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<WavFile>> WavFile::Create(
    const std::string& stem, int rate_hz, const ChannelLayout& layout,
    int64_t riff_limit) {
  absl::StatusOr<std::unique_ptr<NewFile>> file = NewFile::Create(stem, ".wav");
  if (!file.ok()) return file.status();
  const std::string path = (*file)->path();
  auto wav = Begin(*std::move(file), rate_hz, layout, riff_limit);
  if (!wav.ok()) unlink(path.c_str());
  return wav;
}

absl::StatusOr<std::unique_ptr<WavFile>> WavFile::Begin(
    std::unique_ptr<NewFile> file, int rate_hz, const ChannelLayout& layout,
    int64_t riff_limit) {
  std::unique_ptr<WavFile> wav(new WavFile(
      std::move(file), WavFormat(rate_hz, layout),
      static_cast<int64_t>(layout.size() * sizeof(int16_t)), riff_limit));
  const absl::Status status = wav->UpdateHeader();
  if (!status.ok()) return status;
  return wav;
}

WavFile::WavFile(std::unique_ptr<NewFile> file, std::string format,
                 int64_t frame_bytes, int64_t riff_limit)
    : file_(std::move(file)),
      format_(std::move(format)),
      frame_bytes_(frame_bytes),
      riff_limit_(riff_limit) {}

int64_t WavFile::header_bytes() const {
  return 12 + 8 + kDs64Bytes + 8 + static_cast<int64_t>(format_.size()) + 8;
}

std::string WavFile::Header() const {
  const auto data = static_cast<uint64_t>(data_bytes_);
  const uint64_t riff = data + static_cast<uint64_t>(header_bytes()) - 8;
  const bool rf64 = riff > static_cast<uint64_t>(riff_limit_);
  std::string header = rf64 ? "RF64" : "RIFF";
  PutRiff(&header, rf64 ? kSeeDs64 : riff, 4);
  header += "WAVE";
  header += rf64 ? "ds64" : "JUNK";
  PutRiff(&header, kDs64Bytes, 4);
  PutRiff(&header, rf64 ? riff : 0, 8);
  PutRiff(&header, rf64 ? data : 0, 8);
  PutRiff(&header, rf64 ? static_cast<uint64_t>(frames()) : 0, 8);
  PutRiff(&header, 0, 4);  // no table
  header += "fmt ";
  PutRiff(&header, format_.size(), 4);
  header += format_;
  header += "data";
  PutRiff(&header, rf64 ? kSeeDs64 : data, 4);
  return header;
}

absl::Status WavFile::Append(absl::Span<const int16_t> samples) {
  const char* bytes = reinterpret_cast<const char*>(samples.data());
  const auto size = static_cast<int64_t>(samples.size() * sizeof(int16_t));
  int64_t done = 0;
  while (done < size) {
    const ssize_t written =
        pwrite(file_->fd(), bytes + done, static_cast<size_t>(size - done),
               header_bytes() + data_bytes_ + done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const absl::Status status = Errno("cannot write");
      data_bytes_ += done - done % frame_bytes_;
      // Should this fail too, a header that says the right size is left.
      (void)!ftruncate(file_->fd(), header_bytes() + data_bytes_);
      return status;
    }
    done += written;
  }
  data_bytes_ += size;
  return absl::OkStatus();
}

absl::Status WavFile::UpdateHeader() {
  const std::string header = Header();
  errno = ENOSPC;  // what it means if less than all is written
  const ssize_t written = pwrite(file_->fd(), header.data(), header.size(), 0);
  if (written != static_cast<ssize_t>(header.size())) {
    return Errno("cannot write the header");
  }
  return absl::OkStatus();
}

}  // namespace earshot
