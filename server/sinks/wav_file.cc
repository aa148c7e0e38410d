#include "server/sinks/wav_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace earshot {
namespace {

static_assert(std::endian::native == std::endian::little,
              "samples are written as they are in memory");

// Far more than recordings of one epoch that begin in the same second.
constexpr int kMostNames = 1000;
constexpr int kDs64Bytes = 28;
constexpr int kFmtBytes = 16;
constexpr int kHeaderBytes = 12 + 8 + kDs64Bytes + 8 + kFmtBytes + 8;
constexpr uint32_t kSeeDs64 = 0xffffffff;

absl::Status Errno(const char* what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

void Put(std::string* header, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) {
    header->push_back(static_cast<char>(value >> (8 * i) & 0xff));
  }
}

std::string Header(int rate_hz, int channels, int64_t data_bytes,
                   int64_t riff_limit) {
  const auto data = static_cast<uint64_t>(data_bytes);
  const uint64_t riff = data + kHeaderBytes - 8;
  const bool rf64 = riff > static_cast<uint64_t>(riff_limit);
  const auto frame_bytes = static_cast<uint64_t>(channels) * sizeof(int16_t);
  std::string header = rf64 ? "RF64" : "RIFF";
  Put(&header, rf64 ? kSeeDs64 : riff, 4);
  header += "WAVE";
  header += rf64 ? "ds64" : "JUNK";
  Put(&header, kDs64Bytes, 4);
  Put(&header, rf64 ? riff : 0, 8);
  Put(&header, rf64 ? data : 0, 8);
  Put(&header, rf64 ? data / frame_bytes : 0, 8);
  Put(&header, 0, 4);  // no table
  header += "fmt ";
  Put(&header, kFmtBytes, 4);
  Put(&header, 1, 2);  // WAVE_FORMAT_PCM
  Put(&header, static_cast<uint64_t>(channels), 2);
  Put(&header, static_cast<uint64_t>(rate_hz), 4);
  Put(&header, static_cast<uint64_t>(rate_hz) * frame_bytes, 4);
  Put(&header, frame_bytes, 2);
  Put(&header, 16, 2);
  header += "data";
  Put(&header, rf64 ? kSeeDs64 : data, 4);
  return header;
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
    const std::string& stem, int rate_hz, int channels, int64_t riff_limit) {
  std::string path;
  const int fd = CreateFile(stem, &path);
  if (fd < 0) {
    return absl::UnavailableError(
        absl::StrCat("cannot create ", path, ": ", std::strerror(errno)));
  }
  std::unique_ptr<WavFile> file(
      new WavFile(fd, std::move(path), rate_hz, channels, riff_limit));
  const absl::Status status = file->UpdateHeader();
  if (!status.ok()) {
    unlink(file->path().c_str());
    return status;
  }
  return file;
}

WavFile::WavFile(int fd, std::string path, int rate_hz, int channels,
                 int64_t riff_limit)
    : fd_(fd),
      path_(std::move(path)),
      rate_hz_(rate_hz),
      channels_(channels),
      frame_bytes_(static_cast<int64_t>(sizeof(int16_t)) * channels),
      riff_limit_(riff_limit) {}

WavFile::~WavFile() { close(fd_); }

absl::Status WavFile::Append(absl::Span<const int16_t> samples) {
  const char* bytes = reinterpret_cast<const char*>(samples.data());
  const auto size = static_cast<int64_t>(samples.size() * sizeof(int16_t));
  int64_t done = 0;
  while (done < size) {
    const ssize_t written =
        pwrite(fd_, bytes + done, static_cast<size_t>(size - done),
               kHeaderBytes + data_bytes_ + done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const absl::Status status = Errno("cannot write");
      data_bytes_ += done - done % frame_bytes_;
      // Should this fail too, a header that says the right size is left.
      (void)!ftruncate(fd_, kHeaderBytes + data_bytes_);
      return status;
    }
    done += written;
  }
  data_bytes_ += size;
  return absl::OkStatus();
}

absl::Status WavFile::UpdateHeader() {
  const std::string header =
      Header(rate_hz_, channels_, data_bytes_, riff_limit_);
  errno = ENOSPC;  // what it means if less than all is written
  const ssize_t written = pwrite(fd_, header.data(), header.size(), 0);
  if (written != static_cast<ssize_t>(header.size())) {
    return Errno("cannot write the header");
  }
  return absl::OkStatus();
}

}  // namespace earshot
