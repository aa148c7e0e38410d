// libFuzzer calls this before it reads its arguments. Under `bazel test` new
// inputs go to the scratch folder (the corpus is read-only) and a crashing one
// to the test's outputs, which Bazel keeps as test.outputs/outputs.zip.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  const char* scratch = std::getenv("TEST_TMPDIR");
  const char* outputs = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  if (scratch == nullptr || outputs == nullptr) return 0;
  static std::string found = std::string(scratch) + "/found";
  static std::string artifacts =
      "-artifact_prefix=" + std::string(outputs) + "/";
  static std::vector<char*> args;
  std::filesystem::create_directories(found);
  args.push_back((*argv)[0]);
  args.push_back(artifacts.data());
  args.push_back(found.data());
  for (int i = 1; i < *argc; ++i) args.push_back((*argv)[i]);
  args.push_back(nullptr);
  *argc = static_cast<int>(args.size()) - 1;
  *argv = args.data();
  return 0;
}
