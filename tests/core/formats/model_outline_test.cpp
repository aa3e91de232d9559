#include "core/formats/model_outline.h"

#include "tests/core/formats/small_models.h"
#include "tests/support/gguf_file.h"
#include "tests/support/llama2c_file.h"
#include "tests/support/random_model.h"

#include <gtest/gtest.h>

namespace decodescope {
namespace {

TEST(ModelOutline, SaysOfEveryFormatWhatTheLoadedModelIs) {
  const test::TemporaryDir folder;
  ModelConfig config = smallLlama();
  config.headDim = 4;
  config.rotaryLayout = RotaryLayout::interleaved;
  const Model model = test::randomModel(config, 3);
  folder.write("m.gguf", test::ggufOf(model, test::kF16).bytes());
  folder.write("m.bin", test::llama2cBytes(model, 0));
  struct Case {
    std::string path, storedAs;
  };
  const std::vector<Case> cases{{folder.file("m.gguf"), "F16 and F32"},
                                {folder.file("m.bin"), "F32"},
                                {test::testPath("golden/files/llama-bf16"), "BF16"},
                                {test::testPath("golden/files/llama-f32-sharded"), "F32"}};
  for (const Case& tested : cases) {
    const auto outline = outlineModel(tested.path);
    ASSERT_TRUE(outline.ok()) << outline.error().message();
    const auto loaded = loadModel(tested.path);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message();
    EXPECT_EQ(outline.value().name, loaded.value()->name);
    EXPECT_EQ(outline.value().path, loaded.value()->path);
    EXPECT_EQ(outline.value().format, loaded.value()->format);
    EXPECT_EQ(outline.value().config.attentionName(), loaded.value()->config().attentionName());
    EXPECT_EQ(outline.value().parameters, loaded.value()->model->layout().parameterCount());
    EXPECT_EQ(outline.value().storedAs, tested.storedAs) << tested.path;
    EXPECT_GE(outline.value().fileBytes, 2 * outline.value().parameters) << tested.path;
  }
}

TEST(ModelOutline, TellsTheErrorsOfHeadersAndNothingOfWhatComesAfter) {
  const test::TemporaryDir folder;
  const std::string bytes = test::ggufOf(test::randomModel(test::smallConfig(), 3), test::kF32).bytes();
  folder.write("short.gguf", bytes.substr(0, 100));
  EXPECT_EQ(outlineModel(folder.file("short.gguf")).error().message(),
            loadModel(folder.file("short.gguf")).error().message());
  EXPECT_EQ(outlineModel(folder.file("none")).error().what, "no such file or folder");
}

TEST(ModelOutline, AnErrorOfTheListenerEndsTheLoad) {
  const test::TemporaryDir folder;
  folder.write("m.gguf", test::ggufOf(test::randomModel(test::smallConfig(), 3), test::kF32).bytes());
  int told = 0;
  LoadProgress progress;
  progress.report = [](double) { FAIL() << "weights are read"; };
  progress.outlined = [&](const ModelOutline&) -> Result<void> {
    ++told;
    return Error{.what = "not wanted"};
  };
  EXPECT_EQ(loadModel(folder.file("m.gguf"), progress).error().what, "not wanted");
  EXPECT_EQ(told, 1);
}

TEST(ModelOutline, NamesTypesByTheirShare) {
  StoredTypes types;
  EXPECT_EQ(types.shown(), "");
  types.add("F32", 10);
  types.add("Q8_0", 30);
  types.add("BF16", 15);
  types.add("F32", 10);
  EXPECT_EQ(types.shown(), "Q8_0, F32 and BF16");
  EXPECT_EQ(types.bytes(), 65u);
}

}  // namespace
}  // namespace decodescope
