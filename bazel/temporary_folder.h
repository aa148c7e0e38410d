#ifndef EARSHOT_BAZEL_TEMPORARY_FOLDER_H_
#define EARSHOT_BAZEL_TEMPORARY_FOLDER_H_

#include <stdlib.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace earshot {

// A folder of a test's own, with a path short enough for a unix socket, which
// goes with all that is in it. Without one there is nothing to test: it ends
// the process.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = "/tmp/earshot_XXXXXX";
    if (mkdtemp(name.data()) == nullptr) {
      std::perror("mkdtemp");
      std::abort();
    }
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Of what is called so in there.
  std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

}  // namespace earshot

#endif  // EARSHOT_BAZEL_TEMPORARY_FOLDER_H_
