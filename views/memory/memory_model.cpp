#include "views/memory/memory_model.h"

#include "views/text_fit.h"

#include <QCoreApplication>
#include <QLocale>

#include <algorithm>
#include <cmath>
#include <limits>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("MemoryView", text);
}

const PublishedModel* published(const QString& id) {
  for (const PublishedModel& model : publishedModels()) {
    if (id == QLatin1String(model.id)) return &model;
  }
  return nullptr;
}

/// Published caches are counted in two bytes a number, as the lectures do.
constexpr int kPublishedBytes = 2;

QString plain(double number) {
  return number == std::floor(number) && number < 1e15 ? groupedNumber(static_cast<std::uint64_t>(number))
                                                       : shortNumber(number);
}

QString words(const char* utf8) {
  return QString::fromUtf8(utf8);
}

}  // namespace

QString sizeText(double bytes) {
  const char* units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
  std::size_t i = 0;
  while (bytes >= 999.5 && i + 1 < std::size(units)) {
    bytes /= 1000;
    ++i;
  }
  const int decimals = i == 0 ? 0 : bytes >= 100 ? 1 : bytes >= 10 ? 2 : 3;
  return QStringLiteral("%1 %2").arg(QLocale().toString(bytes, 'f', decimals), QLatin1String(units[i]));
}

void MemoryModel::present(const ShownRun& shown, const MemorySettings& settings) {
  m_settings = settings;
  m_note.clear();
  const PublishedModel* model = published(settings.model);
  m_isThis = !model && shown.run;
  if (!model && !m_isThis) {
    model = published(QStringLiteral("lecture-48"));
    m_note = tr("No model is open: the lecture's example stands in.");
  }
  if (m_isThis) {
    const ModelConfig& config = shown.config();
    m_name =
        shown.run->model->name.empty() ? tr("this model") : QString::fromStdString(shown.run->model->name);
    m_source = tr("its configuration");
    m_shape = cacheShapeOf(config);
    m_context = static_cast<std::uint64_t>(std::max(1, shown.tokens));
    m_bytes = sizeof(float);
  } else {
    m_name = words(model->name);
    m_source = words(model->source);
    if (m_note.isEmpty()) m_note = words(model->remark);
    m_shape = model->shape;
    m_context = static_cast<std::uint64_t>(model->context);
    m_bytes = kPublishedBytes;
  }
  if (settings.context > 0) m_context = static_cast<std::uint64_t>(settings.context);
  if (settings.bytes > 0) m_bytes = settings.bytes;
  makeKinds();
}

void MemoryModel::makeKinds() {
  m_kinds.clear();
  const CacheShape& own = m_shape;
  const int heads = own.heads;
  const bool isPlain = !own.isLatent() && !own.isLinear;
  const auto add = [&](const QString& name, const CacheShape& shape, bool isOwn) {
    m_kinds.push_back(
        {shape.window > 0 ? tr("%1, window %2").arg(name).arg(shape.window) : name, shape, isOwn});
  };
  const auto addShared = [&](const QString& name, int groups) {
    add(name, withKeyValueHeads(own, groups), isPlain && own.keyValueHeads == groups);
  };
  addShared(tr("MHA, G = %1").arg(heads), heads);
  const bool isShared = own.keyValueHeads > 1 && own.keyValueHeads < heads;
  int groups = isShared ? own.keyValueHeads : std::max(2, heads / 8);
  while (groups > 1 && (heads % groups != 0 || groups >= heads)) --groups;
  if (groups > 1) addShared(tr("GQA, G = %1").arg(groups), groups);
  if (heads > 1) addShared(tr("MQA, G = 1"), 1);
  const CacheShape latent = withLatent(own);
  add(tr("MLA, %1 + %2").arg(latent.latentRank).arg(latent.rotaryDim), latent, own.isLatent());
  const CacheShape state = withState(own);
  add(tr("linear, G = %1").arg(state.keyValueHeads), state, own.isLinear);
  if (own.window == 0) return;
  CacheShape whole = own;
  whole.window = 0;
  add(tr("its own without the window"), whole, false);
}

std::uint64_t MemoryModel::bytesOf(const KindOfCache& kind, std::uint64_t batch,
                                   std::uint64_t context) const {
  return cacheBytes(kind.shape, batch, context, static_cast<std::uint64_t>(m_bytes));
}

std::uint64_t MemoryModel::bytesOf(const KindOfCache& kind) const {
  return bytesOf(kind, static_cast<std::uint64_t>(m_settings.batch), m_context);
}

std::uint64_t MemoryModel::bytesOf(const PublishedModel& model, const MemorySettings& settings) {
  const double context = settings.context > 0 ? settings.context : model.context;
  return cacheBytes(model.shape, static_cast<std::uint64_t>(settings.batch),
                    static_cast<std::uint64_t>(context),
                    static_cast<std::uint64_t>(settings.bytes > 0 ? settings.bytes : kPublishedBytes));
}

QString MemoryModel::formula(const KindOfCache& kind) const {
  const CacheShape& s = kind.shape;
  if (s.isLinear)
    return tr("%1 bytes = %2 layers · batch %3 · %4 states · %5 · (%5 + 1) · %6 bytes, however many tokens")
        .arg(groupedNumber(bytesOf(kind)), QString::number(s.layers),
             groupedNumber(static_cast<std::uint64_t>(m_settings.batch)), QString::number(s.keyValueHeads),
             QString::number(s.headDim), QString::number(m_bytes));
  const QString numbers =
      s.isLatent() ? tr("(%1 + %2)").arg(s.latentRank).arg(s.rotaryDim)
      : s.valueWidth() == s.headDim
          ? tr("2 · %1 heads · %2").arg(s.keyValueHeads).arg(s.headDim)
          : tr("%1 heads · (%2 + %3)").arg(s.keyValueHeads).arg(s.headDim).arg(s.valueWidth());
  return tr("%1 bytes = %2 layers · batch %3 · %4 tokens · %5 · %6 bytes")
      .arg(groupedNumber(bytesOf(kind)), QString::number(s.layers),
           groupedNumber(static_cast<std::uint64_t>(m_settings.batch)),
           groupedNumber(cachedPositions(s, m_context)), numbers, QString::number(m_bytes));
}

const Accelerator& MemoryModel::accelerator() const {
  for (const Accelerator& a : accelerators()) {
    if (m_settings.accelerator == QLatin1String(a.id)) return a;
  }
  return accelerators().front();
}

double MemoryModel::operationsPerSecond() const {
  return 1e12 * (m_settings.teraFlops > 0 ? m_settings.teraFlops : accelerator().teraFlops);
}

double MemoryModel::bytesPerSecond() const {
  return 1e9 * (m_settings.gigabytes > 0 ? m_settings.gigabytes : accelerator().gigabytes);
}

std::vector<MemoryModel::RooflinePoint> MemoryModel::rooflinePoints() const {
  const double b = m_settings.batch, n = static_cast<double>(m_context);
  const double d = m_shape.hiddenSize, h = m_shape.heads;
  std::vector<RooflinePoint> points;
  const auto add = [&](const QString& title, const CacheShape& shape, double newTokens, double ratio,
                       const QString& text) {
    RooflinePoint p;
    p.name = title;
    p.shape = shape;
    p.newTokens = newTokens;
    p.traffic = attentionTraffic(shape, b, newTokens, n);
    p.intensity = p.traffic.intensity(m_bytes);
    p.rate = rooflineRate(p.intensity, operationsPerSecond(), bytesPerSecond());
    p.tokens = attentionTokensPerSecond(shape, p.traffic, b * newTokens, m_bytes, operationsPerSecond(),
                                        bytesPerSecond());
    p.ratio = ratio;
    p.ratioText = text;
    p.isMemoryBound = p.rate < operationsPerSecond();
    points.push_back(p);
  };
  const QString batchText = plain(b), tokensText = plain(n), widthText = plain(d), headsText = plain(h);
  for (const KindOfCache& kind : m_kinds) {
    // Its traffic is that of another kind, which stands here already.
    if (kind.shape.window != m_shape.window && !kind.shape.isLinear) continue;
    const TrafficRatios r = trafficRatios(m_shape, kind.shape.keyValueHeads, b, n);
    if (kind.shape.isLinear) {
      add(tr("%1, one token").arg(kind.name), kind.shape, 1, std::numeric_limits<double>::quiet_NaN(),
          tr("the state in and out: 2 · %1 · %2 · (%2 + 1) numbers, however many tokens")
              .arg(kind.shape.keyValueHeads)
              .arg(kind.shape.headDim));
    } else if (kind.shape.isLatent()) {
      add(tr("%1, one token").arg(kind.name), kind.shape, 1, std::numeric_limits<double>::quiet_NaN(),
          tr("absorbed: all heads read one latent of %1 + %2 numbers a token")
              .arg(kind.shape.latentRank)
              .arg(kind.shape.rotaryDim));
    } else if (kind.shape.keyValueHeads == m_shape.heads) {
      add(tr("MHA, all tokens at once"), kind.shape, n, r.batched,
          tr("memory/arithmetic %5 = 1/k + 1/(b·n) = %1/%2 + 1/(%3 · %4)")
              .arg(headsText, widthText, batchText, tokensText, shortNumber(r.batched)));
      add(tr("MHA, one token"), kind.shape, 1, r.incremental,
          tr("memory/arithmetic %4 = n/d + 1/b = %1/%2 + 1/%3")
              .arg(tokensText, widthText, batchText, shortNumber(r.incremental)));
    } else if (kind.shape.keyValueHeads == 1) {
      add(tr("%1, one token").arg(kind.name), kind.shape, 1, r.multiQuery,
          tr("memory/arithmetic %5 = 1/d + n/(d·h) + 1/b = 1/%1 + %2/(%1 · %3) + 1/%4")
              .arg(widthText, tokensText, headsText, batchText, shortNumber(r.multiQuery)));
    } else {
      add(tr("%1, one token").arg(kind.name), kind.shape, 1, r.grouped,
          tr("memory/arithmetic %6 = 1/d + (n/d)·(G/h) + 1/b = 1/%1 + (%2/%1) · (%3/%4) + 1/%5")
              .arg(widthText, tokensText, QString::number(kind.shape.keyValueHeads), headsText, batchText,
                   shortNumber(r.grouped)));
    }
  }
  return points;
}

QStringList MemoryModel::facts() const {
  return {tr("sizes: %1").arg(m_source),
          tr("batch %1").arg(groupedNumber(static_cast<std::uint64_t>(m_settings.batch))),
          tr("context %1").arg(groupedNumber(m_context)),
          m_settings.bytes == 0 && m_isThis
              ? tr("%1 bytes a number, as this program stores them").arg(m_bytes)
          : m_settings.bytes == 0 ? tr("%1 bytes a number, as the lectures count").arg(m_bytes)
                                  : tr("%1 bytes a number").arg(m_bytes)};
}

std::vector<NamedTable> MemoryModel::sizeTables() const {
  NamedTable table;
  table.name = QStringLiteral("memory.cache");
  table.columns = QStringList{QStringLiteral("layers"),         QStringLiteral("key/value heads"),
                              QStringLiteral("head_dim"),       QStringLiteral("latent"),
                              QStringLiteral("rotary"),         QStringLiteral("numbers a token and layer"),
                              QStringLiteral("batch"),          QStringLiteral("context"),
                              QStringLiteral("bytes a number"), QStringLiteral("bytes / 2^24"),
                              QStringLiteral("bytes mod 2^24")};
  for (const KindOfCache& kind : m_kinds) {
    const CacheShape& s = kind.shape;
    // Single precision holds whole numbers up to 2^24: two columns hold every byte.
    const std::uint64_t bytes = bytesOf(kind);
    table.rowLabels << QString(kind.name).remove(QLatin1Char(','));
    for (const double v :
         {static_cast<double>(s.layers), static_cast<double>(s.isLatent() ? 0 : s.keyValueHeads),
          static_cast<double>(s.headDim), static_cast<double>(s.latentRank), static_cast<double>(s.rotaryDim),
          static_cast<double>(cachedNumbers(s)), static_cast<double>(m_settings.batch),
          static_cast<double>(m_context), static_cast<double>(m_bytes), static_cast<double>(bytes >> 24),
          static_cast<double>(bytes & 0xffffff)})
      table.values.push_back(static_cast<float>(v));
  }
  table.shape = {static_cast<int>(m_kinds.size()), static_cast<int>(table.columns.size())};
  return {table};
}

std::vector<NamedTable> MemoryModel::modelTables() const {
  NamedTable table;
  table.name = QStringLiteral("memory.models");
  table.columns = QStringList{
      QStringLiteral("layers"),          QStringLiteral("hidden_size"),     QStringLiteral("heads"),
      QStringLiteral("key/value heads"), QStringLiteral("head_dim"),        QStringLiteral("latent"),
      QStringLiteral("context"),         QStringLiteral("10^9 parameters"), QStringLiteral("cache in GB")};
  for (const PublishedModel& model : publishedModels()) {
    const CacheShape& s = model.shape;
    table.rowLabels << words(model.name);
    for (const double v : {static_cast<double>(s.layers), static_cast<double>(s.hiddenSize),
                           static_cast<double>(s.heads), static_cast<double>(s.keyValueHeads),
                           static_cast<double>(s.headDim), static_cast<double>(s.latentRank + s.rotaryDim),
                           m_settings.context > 0 ? m_settings.context : static_cast<double>(model.context),
                           model.billionParameters, static_cast<double>(bytesOf(model, m_settings)) / 1e9})
      table.values.push_back(static_cast<float>(v));
  }
  table.shape = {static_cast<int>(table.rowLabels.size()), static_cast<int>(table.columns.size())};
  return {table};
}

std::vector<NamedTable> MemoryModel::rooflineTables() const {
  NamedTable table;
  table.name = QStringLiteral("memory.roofline");
  table.columns = QStringList{QStringLiteral("operations"),        QStringLiteral("bytes"),
                              QStringLiteral("operations a byte"), QStringLiteral("TFLOP/s"),
                              QStringLiteral("tokens a second"),   QStringLiteral("memory/arithmetic")};
  for (const RooflinePoint& p : rooflinePoints()) {
    table.rowLabels << QString(p.name).remove(QLatin1Char(','));
    for (const double v :
         {p.traffic.operations, p.traffic.bytes(m_bytes), p.intensity, p.rate / 1e12, p.tokens, p.ratio})
      table.values.push_back(static_cast<float>(v));
  }
  table.shape = {static_cast<int>(table.rowLabels.size()), static_cast<int>(table.columns.size())};
  return {table};
}

}  // namespace decodescope
