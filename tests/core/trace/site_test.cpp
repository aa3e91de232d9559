#include "core/trace/site.h"

#include "tests/support/random_model.h"

#include <gtest/gtest.h>
#include <set>

namespace decodescope {
namespace {

TEST(Sites, NamesAreUniqueAndSayTheLayer) {
  std::set<std::string> names;
  for (const SiteInfo& info : siteTable()) {
    names.insert(siteDumpName(info.site, LayerIndex{3}));
    EXPECT_EQ(std::string(info.dumpName).find("{i}") != std::string::npos, info.perLayer) << info.dumpName;
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kSiteCount));
  EXPECT_EQ(siteDumpName(Site::qProj, LayerIndex{3}), "layers.3.self_attn.q_proj");
  EXPECT_EQ(siteDumpName(Site::logits, kNoLayer), "logits");
}

TEST(Sites, EverySiteExistsInSomeDecoder) {
  std::set<Site> seen;
  for (const test::NamedConfig& named : test::decoderFamily()) {
    for (const SiteInfo& info : siteTable()) {
      if (siteExists(info.site, named.config)) seen.insert(info.site);
    }
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kSiteCount));
}

}  // namespace
}  // namespace decodescope
