#include "server/sinks/wav_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/sinks/wav_channels.h"

namespace earshot {
namespace {

static_assert(std::endian::native == std::endian::little,
              "samples are written as they are in memory");

// Far more than recordings of one epoch that begin in the same second.
constexpr int kMostNames = 1000;
constexpr int kDs64Bytes = 28;
constexpr uint32_t kSeeDs64 = 0xffffffff;
constexpr uint64_t kPcm = 1;              // WAVE_FORMAT_PCM
constexpr uint64_t kExtensible = 0xfffe;  // WAVE_FORMAT_EXTENSIBLE
constexpr uint64_t kSampleBits = 16;
// KSDATAFORMAT_SUBTYPE_PCM, of which the first two bytes are kPcm.
constexpr absl::string_view kRestOfSubformat(
    "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71", 14);

absl::Status Errno(const char* what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

void Put(std::string* header, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) {
    header->push_back(static_cast<char>(value >> (8 * i) & 0xff));
  }
}

// WAVEFORMAT, or WAVEFORMATEXTENSIBLE for more than two channels.
std::string Format(int rate_hz, const ChannelLayout& layout) {
  const auto rate = static_cast<uint64_t>(rate_hz);
  const uint64_t frame_bytes = layout.size() * sizeof(int16_t);
  const bool extensible = layout.size() > 2;
  std::string format;
  Put(&format, extensible ? kExtensible : kPcm, 2);
  Put(&format, layout.size(), 2);
  Put(&format, rate, 4);
  Put(&format, rate * frame_bytes, 4);
  Put(&format, frame_bytes, 2);
  Put(&format, kSampleBits, 2);
  if (!extensible) return format;
  Put(&format, 22, 2);  // bytes to come
  Put(&format, kSampleBits, 2);
  Put(&format, WavChannelsOf(layout).mask, 4);
  Put(&format, kPcm, 2);
  absl::StrAppend(&format, kRestOfSubformat);
  return format;
}

// Creates a file that was not there before.
int CreateFile(const std::string& stem, std::string* path) {
  for (int i = 1; i <= kMostNames; ++i) {
    *path = i == 1 ? absl::StrCat(stem, ".wav")
                   : absl::StrCat(stem, "-", i, ".wav");
    const int fd =
        open(path->c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<WavFile>> WavFile::Create(
    const std::string& stem, int rate_hz, const ChannelLayout& layout,
    int64_t riff_limit) {
  std::string path;
  const int fd = CreateFile(stem, &path);
  if (fd < 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot create ", path, ": ", std::strerror(errno)));
  }
  std::unique_ptr<WavFile> file(new WavFile(
      fd, std::move(path), Format(rate_hz, layout),
      static_cast<int64_t>(layout.size() * sizeof(int16_t)), riff_limit));
  const absl::Status status = file->UpdateHeader();
  if (!status.ok()) {
    unlink(file->path().c_str());
    return status;
  }
  return file;
}

WavFile::WavFile(int fd, std::string path, std::string format,
                 int64_t frame_bytes, int64_t riff_limit)
    : fd_(fd),
      path_(std::move(path)),
      format_(std::move(format)),
      frame_bytes_(frame_bytes),
      riff_limit_(riff_limit) {}

WavFile::~WavFile() { close(fd_); }

int64_t WavFile::header_bytes() const {
  return 12 + 8 + kDs64Bytes + 8 + static_cast<int64_t>(format_.size()) + 8;
}

std::string WavFile::Header() const {
  const auto data = static_cast<uint64_t>(data_bytes_);
  const uint64_t riff = data + static_cast<uint64_t>(header_bytes()) - 8;
  const bool rf64 = riff > static_cast<uint64_t>(riff_limit_);
  std::string header = rf64 ? "RF64" : "RIFF";
  Put(&header, rf64 ? kSeeDs64 : riff, 4);
  header += "WAVE";
  header += rf64 ? "ds64" : "JUNK";
  Put(&header, kDs64Bytes, 4);
  Put(&header, rf64 ? riff : 0, 8);
  Put(&header, rf64 ? data : 0, 8);
  Put(&header, rf64 ? static_cast<uint64_t>(frames()) : 0, 8);
  Put(&header, 0, 4);  // no table
  header += "fmt ";
  Put(&header, format_.size(), 4);
  header += format_;
  header += "data";
  Put(&header, rf64 ? kSeeDs64 : data, 4);
  return header;
}

absl::Status WavFile::Append(absl::Span<const int16_t> samples) {
  const char* bytes = reinterpret_cast<const char*>(samples.data());
  const auto size = static_cast<int64_t>(samples.size() * sizeof(int16_t));
  int64_t done = 0;
  while (done < size) {
    const ssize_t written =
        pwrite(fd_, bytes + done, static_cast<size_t>(size - done),
               header_bytes() + data_bytes_ + done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const absl::Status status = Errno("cannot write");
      data_bytes_ += done - done % frame_bytes_;
      // Should this fail too, a header that says the right size is left.
      (void)!ftruncate(fd_, header_bytes() + data_bytes_);
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
  const ssize_t written = pwrite(fd_, header.data(), header.size(), 0);
  if (written != static_cast<ssize_t>(header.size())) {
    return Errno("cannot write the header");
  }
  return absl::OkStatus();
}

}  // namespace earshot
