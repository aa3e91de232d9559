// At 200 % on a beamer of 1280 × 720 whatever a view of the compare workspace says can be read in the back
// row.

#include "tests/support/random_model.h"
#include "tests/support/random_run.h"
#include "tests/views/painted_text.h"
#include "views/lanes_view.h"

#include <gtest/gtest.h>
#include <map>
#include <string>

namespace decodescope::test {
namespace {

constexpr double kScale = 2, kLeastPixels = 20;
/// What the window leaves to a view: alone, with the sides shown, beside another one.
constexpr QSize kRooms[] = {{1264, 300}, {1264, 420}, {640, 300}, {432, 300}};

LoadedModelPtr modelOfKind(const std::string& kind) {
  for (const NamedConfig& named : decoderFamily()) {
    if (named.name == kind) return randomLoadedModel(named.config, 3);
  }
  return nullptr;
}

RunSnapshotPtr runOf(const LoadedModelPtr& model, int tokens, bool kvCache = true) {
  RunSettings settings;
  settings.ignoreEos = true;
  settings.kvCache = kvCache;
  Result<Lane> lane = Lane::start(model, settings, randomTokens(model->config(), tokens - 1, 4), {});
  for (int i = 0; i < 2; ++i) lane.value().step();
  return lane.value().snapshot();
}

struct Preset {
  const char* name;
  std::vector<RunSnapshotPtr> runs;
};

std::vector<Preset> presets() {
  const auto wordy = [](int kvHeads) {
    return randomRun(wordyModel({.layers = 3, .heads = 8, .kvHeads = kvHeads, .headDim = 16}), 6, 5);
  };
  return {{"MHA · GQA · MQA", {wordy(8), wordy(2), wordy(1)}},
          {"… · MLA", {wordy(8), wordy(2), wordy(1), runOf(modelOfKind("mla"), 11)}},
          {"cache on · off",
           {wordy(8), randomRun(wordyModel({.layers = 3, .heads = 8, .headDim = 16}), 6, 5, false)}},
          {"RMSNorm · LayerNorm", {wordy(2), runOf(modelOfKind("opt_post_norm"), 11)}}};
}

class LectureHall : public testing::TestWithParam<const char*> {};

TEST_P(LectureHall, EveryLabelCanBeRead) {
  const ViewInfo& info = *findView(QLatin1String(GetParam()));
  for (const Preset& preset : presets()) {
    SessionSnapshot session;
    for (const RunSnapshotPtr& run : preset.runs)
      session.lanes.push_back(
          {static_cast<int>(session.lanes.size()), "lane " + std::to_string(session.lanes.size()), run});
    Selection selection;
    selection.step = StepIndex{100};
    selection.query = Position{100};
    const LanesView first(info);
    std::vector<std::pair<QString, QString>> settings{{QString(), QString()}};
    for (const ViewOption& option : info.make()->options()) {
      if (option.number) continue;
      for (const auto& choice : option.choices) settings.emplace_back(option.id, choice.first);
    }
    for (const auto& [id, value] : settings) {
      LanesView view(info);
      if (!id.isEmpty()) view.setOption(id, value);
      view.present(session, clampTo(selection, session));
      const Theme theme = Theme::makeLight(kScale);
      for (const QSize& room : kRooms) {
        SCOPED_TRACE(std::string(preset.name) + ", " + id.toStdString() + "=" + value.toStdString() + ", " +
                     std::to_string(room.width()) + " × " + std::to_string(room.height()));
        const QSizeF size(room.width(), view.neededHeight(room, theme));
        const std::vector<PaintedText> texts = paintedTexts(view, size, theme);
        EXPECT_FALSE(texts.empty());
        std::map<double, QStringList> small;
        QStringList outside;
        for (const PaintedText& text : texts) {
          if (text.pixels < kLeastPixels - 0.01) small[text.pixels] << text.text;
          if (!QRectF(QPointF(-2, -2), size + QSizeF(4, 4)).contains(text.area)) outside << text.text;
        }
        for (const auto& [pixels, words] : small)
          ADD_FAILURE() << pixels << " px: " << words.mid(0, 6).join(QStringLiteral(" | ")).toStdString();
        EXPECT_TRUE(outside.isEmpty())
            << "outside: " << outside.mid(0, 6).join(QStringLiteral(" | ")).toStdString();
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Views, LectureHall,
                         testing::Values("attention", "kv_cache", "heads", "shapes", "rope", "norms", "mask",
                                         "probabilities", "memory", "compare", "worked_example"),
                         [](const testing::TestParamInfo<const char*>& i) { return std::string(i.param); });

}  // namespace
}  // namespace decodescope::test
