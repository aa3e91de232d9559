// What the KV-cache view shows of every attention variant: what the cache of that variant really holds.

#include "core/attention/variants.h"

#include "tests/support/random_model.h"
#include "tests/support/random_run.h"
#include "tests/views/paint.h"
#include "views/kv_cache/kv_cache_view.h"
#include "views/text_fit.h"

#include <gtest/gtest.h>
#include <set>
#include <string>

namespace decodescope::test {
namespace {

constexpr int kPrompt = 4, kSteps = 9;

RunSnapshotPtr runOf(const ModelConfig& config, bool kvCache = true) {
  RunSettings settings;
  settings.kvCache = kvCache;
  settings.ignoreEos = true;
  Result<Lane> lane =
      Lane::start(randomLoadedModel(config, 1), settings, randomTokens(config, kPrompt, 2), {});
  DECODESCOPE_REQUIRE(lane.ok());
  for (int i = 0; i < kSteps; ++i) lane.value().step();
  return lane.value().snapshot();
}

Selection at(int step, int layer = 0, int head = 0) {
  Selection s;
  s.step = StepIndex{step};
  s.layer = LayerIndex{layer};
  s.head = HeadIndex{head};
  s.site = Site::output;  // which every architecture has
  return s;
}

ModelConfig configOf(const std::string& name) {
  for (const NamedConfig& named : decoderFamily()) {
    if (named.name == name) return named.config;
  }
  ADD_FAILURE() << name;
  return smallConfig();
}

class KvVariants : public testing::TestWithParam<NamedConfig> {
 protected:
  const ModelConfig& config() const { return GetParam().config; }
  std::uint64_t number(int n) const { return static_cast<std::uint64_t>(n); }
};

TEST_P(KvVariants, BytesAndFormulaAreWhatTheCacheHolds) {
  const RunSnapshotPtr run = runOf(config());
  KvCacheModel model;
  for (int step = 1; step <= kSteps; ++step) {
    model.present(sessionOf(run), at(step));
    ASSERT_EQ(model.state(), KvCacheModel::State::ready);
    const std::uint64_t held = model.step().kvBytes;
    EXPECT_EQ(model.bytesFor(model.tokens()), held);
    EXPECT_TRUE(model.formula().last().endsWith(QStringLiteral(" = %1 B").arg(groupedNumber(held))))
        << model.formula().last().toStdString();
    // The formula with numbers, worked out.
    const QString product = model.formula().last().section(QStringLiteral(" ="), 0, 0);
    double value = 1;
    for (QString factor : product.split(QStringLiteral(" · "))) {
      const QStringList terms = factor.remove('(').remove(')').split(QStringLiteral(" + "));
      double sum = 0;
      for (const QString& term : terms) sum += term.toDouble();
      value *= sum;
    }
    EXPECT_EQ(value, static_cast<double>(held)) << product.toStdString();
  }
}

TEST_P(KvVariants, WhatIsDrawnAsHeldIsAsManyNumbersAsTheCacheHolds) {
  const RunSnapshotPtr run = runOf(config());
  KvCacheModel model;
  for (int step = 1; step <= kSteps; ++step) {
    model.present(sessionOf(run), at(step));
    std::uint64_t numbers = 0;
    for (const KvColumn& column : model.columns()) {
      if (!column.isHeld) continue;
      if (model.isState()) {
        const ConstMatrixSpan state = model.state(LayerIndex{1}, column.head);
        numbers += number(state.rows * state.cols);
        continue;
      }
      for (int p = 0; p < model.tokens(); ++p) {
        if (model.rowState(p) == KvRowState::dropped) continue;
        for (const bool isUpper : {true, false})
          numbers += model.row(LayerIndex{1}, column, isUpper, p).size();
      }
    }
    EXPECT_EQ(4 * number(config().numHiddenLayers) * numbers, model.step().kvBytes) << "step " << step;
  }
}

TEST_P(KvVariants, ScoreCellsAndReadsAreThoseThatTheKernelsCounted) {
  for (const bool kvCache : {true, false}) {
    const RunSnapshotPtr run = runOf(config(), kvCache);
    const bool latent = config().attention == AttentionKind::latent;
    const bool linear = config().attention == AttentionKind::linear;
    const std::uint64_t aCell = number(config().numHiddenLayers * config().numAttentionHeads *
                                       (config().headDim + config().valueHeadDim()));
    std::uint64_t cells = 0, bytes = 0;
    KvLockstepModel lockstep;
    KvReadsModel reads;
    for (int step = 1; step <= kSteps; ++step) {
      lockstep.present(sessionOf(run), at(step));
      const KvLockstepLane& lane = lockstep.lanes().front();
      const Counters& counted = lane.lane().record().counters;
      EXPECT_EQ(lane.computed(KvMatrix::scores), linear ? 0 : counted.attentionMacs / aCell);
      EXPECT_EQ(lane.computed(KvMatrix::k), number(lane.lane().record().rowsComputed));
      cells += linear ? number(lane.lane().record().rowsComputed) : counted.attentionMacs / aCell;
      bytes += counted.kvBytesRead;
      reads.present(sessionOf(run), at(step));
      EXPECT_EQ(reads.allReads(), cells) << "step " << step;
      if (!latent) continue;
      std::uint64_t latents = 0;
      for (const KvReadsModel::Reads& row : reads.latentReads())
        latents += number(row.own + row.later + row.again);
      EXPECT_EQ(4 * number(config().numHiddenLayers) *
                    (latents * number(config().kvLoraRank) + cells * number(config().qkRopeHeadDim)),
                bytes)
          << "each latent once a step, each rotary key once a query";
    }
  }
}

TEST_P(KvVariants, TheWorksPartsAddUpToWhatAStepCounts) {
  const RunSnapshotPtr run = runOf(config());
  for (const bool bytes : {false, true}) {
    KvWorkModel model;
    model.present(sessionOf(run), at(kSteps),
                  {bytes ? KvWorkSettings::Measure::bytes : KvWorkSettings::Measure::macs, false});
    const Counters& counted = run->steps.back().counters;
    for (const KvWorkModel::Row& row : model.rows()) {
      if (row.isSum) {
        EXPECT_EQ(row.with.value, bytes ? counted.bytesRead() : counted.macs());
      }
    }
    for (const KvWorkPart part : model.parts())
      EXPECT_EQ(model.formula(part, true), model.counted(part, model.lanes().front()));
    EXPECT_EQ(model.formulaLines().isEmpty(), bytes);
  }
}

TEST_P(KvVariants, EveryPageFillsItsAreaAndPointsAtNumbersThatExist) {
  const SessionSnapshot session = sessionOf(runOf(config()));
  for (const char* show : {"contents", "work", "lockstep", "reads"}) {
    KvCacheView view;
    ASSERT_TRUE(view.setOption("show", show));
    view.present(session, at(kSteps, 1, 1));
    for (const QSize size : {QSize(240, 180), QSize(420, 700), QSize(900, 560)}) {
      for (const double scale : {1.0, 2.0}) {
        EXPECT_EQ(untouchedPixels(painted(view, size, Theme::makeDark(scale))), 0) << show;
        for (int y = 2; y < size.height(); y += 11) {
          for (int x = 2; x < size.width(); x += 11) {
            const std::optional<Hit> hit = view.hitTest(QPointF(x, y));
            if (!hit) continue;
            if (hit->clicked) {
              EXPECT_TRUE(siteExists(hit->clicked->site, config()))
                  << show << ": " << siteInfo(hit->clicked->site).dumpName;
            }
            if (hit->number) {
              const SiteHeads heads = siteHeads(hit->number->row.site, config());
              EXPECT_LT(hit->number->element, heads.width);
            }
          }
        }
      }
    }
    EXPECT_FALSE(view.description().isEmpty());
    EXPECT_FALSE(view.tables().empty());
    for (const NamedTable& table : view.tables()) {
      std::size_t numbers = 1;
      for (const int extent : table.shape) numbers *= static_cast<std::size_t>(extent);
      EXPECT_EQ(numbers, table.values.size()) << table.name.toStdString();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Family, KvVariants, testing::ValuesIn(decoderFamily()),
                         [](const auto& param) { return param.param.name; });

TEST(KvWindow, RowsThatLeaveItAreDropped) {
  const RunSnapshotPtr run = runOf(configOf("window_5"));
  KvCacheModel model;
  model.present(sessionOf(run), at(1));
  EXPECT_EQ(model.firstHeld(), 0) << "4 tokens fit";
  model.present(sessionOf(run), at(4));
  EXPECT_EQ(model.tokens(), 7);
  EXPECT_EQ(model.firstHeld(), 2);
  EXPECT_EQ(model.rowState(1), KvRowState::dropped);
  EXPECT_EQ(model.rowState(2), KvRowState::kept);
  EXPECT_EQ(model.rowState(6), KvRowState::added);
  EXPECT_TRUE(model.subtitle().contains(QStringLiteral("positions 0–1 have left it")));
  EXPECT_TRUE(
      model.toolTip(LayerIndex{0}, model.columns().front(), 1).contains(QStringLiteral("held no more")));

  KvLockstepModel lockstep;
  lockstep.present(sessionOf(run), at(4));
  const KvLockstepLane& lane = lockstep.lanes().front();
  EXPECT_EQ(lane.row(KvMatrix::k, 1), KvCellState::dropped);
  EXPECT_EQ(lane.row(KvMatrix::k, 2), KvCellState::reused);
  EXPECT_EQ(lane.count(KvMatrix::v, KvCellState::reused), 4u);
  EXPECT_EQ(lane.visible(6), 5);
  EXPECT_EQ(lane.score(6, 1), KvCellState::absent);
  EXPECT_EQ(lane.score(6, 2), KvCellState::added);
  EXPECT_TRUE(lockstep.scoreToolTip(lane, 6, 1).contains(QStringLiteral("out of the query's window")));

  KvReadsModel reads;
  reads.present(sessionOf(run), at(4));
  // Position 0 is seen by the queries 0 … 4: four of the prompt, one later.
  EXPECT_EQ(reads.keyReads()[0].own, 4);
  EXPECT_EQ(reads.keyReads()[0].later, 1);
  EXPECT_EQ(reads.keyReads()[2].own, 2);
  EXPECT_EQ(reads.keyReads()[2].later, 3);
  EXPECT_EQ(reads.firstRead(reads.record(4)), 2);
}

TEST(KvWindow, WithoutTheCacheNothingIsHeldAndSoNothingDropped) {
  const RunSnapshotPtr run = runOf(configOf("window_5"), false);
  KvCacheModel model;
  model.present(sessionOf(run), at(4));
  EXPECT_EQ(model.firstHeld(), 0);
  EXPECT_EQ(model.rowState(1), KvRowState::recomputed);
}

TEST(KvLatent, LatentsAreCachedKeysAndValuesRebuilt) {
  for (const char* name : {"mla", "mla_query_rank"}) {
    const ModelConfig config = configOf(name);
    const RunSnapshotPtr run = runOf(config);
    KvCacheModel model;
    model.present(sessionOf(run), at(3, 1, 2));
    ASSERT_EQ(model.columns().size(), 2u);
    const KvColumn &held = model.columns()[0], &rebuilt = model.columns()[1];
    EXPECT_TRUE(held.isHeld);
    EXPECT_FALSE(rebuilt.isHeld);
    EXPECT_EQ(rebuilt.head, KvHeadIndex{2}) << "the selected head's";
    const PositionTrace& trace = *run->positions[4];
    const LayerIndex layer{1};
    EXPECT_EQ(model.row(layer, held, true, 4).data(), trace.row(Site::kvALayernorm, layer).data());
    EXPECT_EQ(model.row(layer, held, true, 4).size(), 10u);
    EXPECT_EQ(model.row(layer, held, false, 4).data(), trace.row(Site::kRot, layer).data());
    EXPECT_EQ(model.row(layer, rebuilt, true, 4).data(), trace.row(Site::keyStates, layer).data() + 2 * 9);
    EXPECT_EQ(model.row(layer, rebuilt, false, 4).data(),
              trace.row(Site::kvBProj, layer).data() + 2 * 12 + 5);
    EXPECT_EQ(model.heldShares()[0].second, 10.0 / 14);
    EXPECT_TRUE(model.sharing().contains(QStringLiteral("all 4 heads")));

    KvLockstepModel lockstep;
    lockstep.present(sessionOf(run), at(3));
    const KvLockstepLane& lane = lockstep.lanes().front();
    EXPECT_EQ(lane.row(KvMatrix::latent, 2), KvCellState::reused);
    EXPECT_EQ(lane.row(KvMatrix::k, 2), KvCellState::rebuilt);
    EXPECT_EQ(lane.row(KvMatrix::v, 2), KvCellState::rebuilt);
    EXPECT_EQ(lane.row(KvMatrix::k, 5), KvCellState::added);
    EXPECT_TRUE(lockstep.laneFacts(lane).join(' ').contains(QString::fromUtf8("c and kᴿ of 5 tokens")));
    KvWorkModel work;
    work.present(sessionOf(run), at(3), {});
    EXPECT_EQ(work.counted(KvWorkPart::rebuild, work.lanes().front())[2],
              static_cast<double>(5 * 2 * 10 * 4 * (5 + 7)));
  }
}

TEST(KvLinear, AStateStandsInPlaceOfRowsAndDoesNotGrow) {
  const ModelConfig config = configOf("linear");
  const RunSnapshotPtr run = runOf(config);
  KvCacheModel model;
  model.present(sessionOf(run), at(1));
  const std::uint64_t held = model.step().kvBytes;
  for (int step = 1; step <= kSteps; ++step) {
    model.present(sessionOf(run), at(step, 1));
    EXPECT_TRUE(model.isState());
    EXPECT_EQ(model.columns().size(), 2u);
    EXPECT_EQ(model.step().kvBytes, held);
    EXPECT_EQ(model.across(), config.headDim);
    // S and z as sums of what was traced, head 1 of layer 1.
    const ConstMatrixSpan state = model.state(LayerIndex{1}, KvHeadIndex{1});
    ASSERT_EQ(state.rows, config.headDim + 1);
    double s = 0, z = 0;
    for (int p = 0; p < model.tokens(); ++p) {
      const PositionTrace& trace = *run->positions[static_cast<std::size_t>(p)];
      const double k = static_cast<double>(trace.row(Site::kFeatures, LayerIndex{1})[6 + 2]);
      s += k * static_cast<double>(trace.row(Site::vProj, LayerIndex{1})[6 + 4]);
      z += k;
    }
    EXPECT_NEAR(state(2, 4), s, 1e-4);
    EXPECT_NEAR(state(config.headDim, 2), z, 1e-4);
  }
  EXPECT_TRUE(model.subtitle().contains(QStringLiteral("nothing grows")));
  EXPECT_EQ(model.tables().front().shape, (std::vector<int>{2, 7, 6}));
  KvLockstepModel lockstep;
  lockstep.present(sessionOf(run), at(4));
  EXPECT_EQ(lockstep.lanes().front().row(KvMatrix::k, 2), KvCellState::folded);
  EXPECT_FALSE(lockstep.lanes().front().sees(6, 2));
}

}  // namespace
}  // namespace decodescope::test
