#ifndef EARSHOT_SERVER_WEB_WEB_ASSETS_H_
#define EARSHOT_SERVER_WEB_WEB_ASSETS_H_

#include <string_view>

#include "absl/types/span.h"

namespace earshot {

// A file of page/, which the program holds: what is not here cannot be asked
// for.
struct WebAsset {
  std::string_view path;  // such as "/app.js"; index.html is "/"
  std::string_view content_type;
  std::string_view content;
  std::string_view etag;  // with its quotes
};

absl::Span<const WebAsset> WebAssets();

}  // namespace earshot

#endif  // EARSHOT_SERVER_WEB_WEB_ASSETS_H_
