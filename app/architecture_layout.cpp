#include "app/architecture_layout.h"

#include "app/stages.h"

#include <QCoreApplication>
#include <QFontMetricsF>

#include <algorithm>

namespace decodescope {
namespace {

QString tr(const char* text) {
  return QCoreApplication::translate("ArchitectureMap", text);
}

QString activationName(const ModelConfig& config) {
  switch (config.activation) {
    case Activation::silu:
      return QStringLiteral("SiLU");
    case Activation::relu:
      return QStringLiteral("ReLU");
    case Activation::gelu:
    case Activation::geluTanh:
      return QStringLiteral("GELU");
  }
  return {};
}

bool isAdd(Site site, const ModelConfig& config) {
  return site == Site::postAttentionResidual ||
         (site == Site::output && config.normPlacement == NormPlacement::preNorm);
}

/// Sites that stand side by side.
bool sharesRow(Site a, Site b) {
  const auto group = [](Site s) {
    switch (s) {
      case Site::qProj:
      case Site::kProj:
      case Site::vProj:
      case Site::kvAProj:
        return 1;
      case Site::qRot:
      case Site::kRot:
        return 2;
      case Site::queryStates:
      case Site::keyStates:
        return 4;
      case Site::qFeatures:
      case Site::kFeatures:
        return 5;
      case Site::gateProj:
      case Site::upProj:
        return 3;
      default:
        return 0;
    }
  };
  return group(a) != 0 && group(a) == group(b);
}

MapNode::Tint tintOf(Site site) {
  switch (site) {
    case Site::qProj:
    case Site::qRot:
    case Site::qAProj:
    case Site::qALayernorm:
    case Site::qBProj:
    case Site::queryStates:
    case Site::qFeatures:
      return MapNode::Tint::query;
    case Site::kProj:
    case Site::kRot:
    case Site::keyStates:
    case Site::kFeatures:
      return MapNode::Tint::key;
    case Site::vProj:
      return MapNode::Tint::value;
    default:
      return MapNode::Tint::none;
  }
}

using Row = std::vector<MapNode>;

std::vector<Row> rowsOf(const ModelConfig& config, int tokens) {
  std::vector<Row> rows;
  for (const Stage& stage : stagesOf(config)) {
    if (stage.layer.value > 0) continue;
    MapNode node;
    node.site = stage.site;
    node.kind = isAdd(stage.site, config) ? MapNode::Kind::add : MapNode::Kind::block;
    node.tint = tintOf(stage.site);
    node.label = operationLabel(stage.site, config);
    node.shape = shapeInNumbers(stage.site, config, tokens);
    if (!rows.empty() && sharesRow(rows.back().back().site, stage.site)) {
      rows.back().push_back(std::move(node));
    } else {
      rows.push_back({std::move(node)});
    }
  }
  MapNode sample;
  sample.kind = MapNode::Kind::sample;
  sample.label = tr("sample");
  rows.push_back({std::move(sample)});
  return rows;
}

QPointF top(const QRectF& box) {
  return {box.center().x(), box.top()};
}
QPointF bottom(const QRectF& box) {
  return {box.center().x(), box.bottom()};
}

/// The lines between the boxes, once these have their places.
void connectNodes(ArchitectureLayout& layout, const ModelConfig& config, const Theme& theme) {
  const auto box = [&](Site site) -> const QRectF* {
    const int index = layout.find(site);
    return index < 0 ? nullptr : &layout.nodes[static_cast<std::size_t>(index)].box;
  };
  const double streamX = layout.streamX;
  const auto down = [&](Site from, Site to) {
    const QRectF* a = box(from);
    const QRectF* b = box(to);
    if (!a || !b) return;
    // Straight down from the narrower of the two.
    const double x = a->width() < b->width() ? a->center().x() : b->center().x();
    layout.arrows.emplace_back(x, a->bottom(), x, b->top());
  };
  /// Both return the height at which they leave or join the stream; `at` is the place on the box's side.
  const auto fromStream = [&](Site to, double at = 0.5) {
    const QRectF* b = box(to);
    const double y = b->top() + at * b->height();
    layout.arrows.emplace_back(streamX, y, b->left(), y);
    return y;
  };
  const auto ontoStream = [&](Site from, double at = 0.5) {
    const QRectF* b = box(from);
    const double y = b->top() + at * b->height();
    layout.lines.emplace_back(streamX, y, b->left(), y);
    return y;
  };
  const auto stream = [&](double from, double to) { layout.stream.emplace_back(streamX, from, streamX, to); };
  const auto toStream = [&](Site from, Site add) {
    const QRectF* a = box(from);
    const QRectF* b = box(add);
    if (!a || !b) return;
    const double x = a->left() + a->width() * 0.12;
    layout.lines.emplace_back(x, a->bottom(), x, b->center().y());
    layout.arrows.emplace_back(x, b->center().y(), streamX + b->height() * 0.36, b->center().y());
  };

  const bool pre = config.normPlacement == NormPlacement::preNorm;
  const bool rotary = config.position == PositionKind::rotary;
  const Site firstProjection = siteExists(Site::qAProj, config) ? Site::qAProj : Site::qProj;
  if (rotary && config.attention == AttentionKind::softmax) {
    down(Site::qProj, Site::qRot);
    down(Site::kProj, Site::kRot);
  }
  switch (config.attention) {
    case AttentionKind::softmax:
      down(rotary ? Site::qRot : Site::qProj, Site::scores);
      down(rotary ? Site::kRot : Site::kProj, Site::scores);
      break;
    case AttentionKind::latent:
      down(Site::qAProj, Site::qALayernorm);
      down(Site::qALayernorm, Site::qBProj);
      down(Site::kvAProj, Site::kvALayernorm);
      down(Site::kvALayernorm, Site::kvBProj);
      down(Site::qRot, Site::queryStates);
      down(Site::kRot, Site::keyStates);
      down(Site::queryStates, Site::scores);
      down(Site::keyStates, Site::scores);
      if (const QRectF* from = box(Site::kvBProj), *to = box(Site::context), *beside = box(Site::scores);
          from && to && beside) {
        // The values pass beside the scores.
        const double x = (beside->right() + from->right()) / 2;
        layout.arrows.emplace_back(x, from->bottom(), x, to->top());
      }
      break;
    case AttentionKind::linear:
      down(Site::qProj, Site::qFeatures);
      down(Site::kProj, Site::kFeatures);
      down(Site::kFeatures, Site::state);
      down(Site::vProj, Site::state);
      down(Site::state, Site::context);
      break;
  }
  down(Site::scores, Site::weights);
  down(Site::weights, Site::context);
  if (config.attention == AttentionKind::softmax) down(Site::vProj, Site::context);
  down(Site::context, Site::oProj);
  toStream(Site::oProj, Site::postAttentionResidual);
  down(Site::postAttentionLayernorm, Site::gateProj);
  down(Site::postAttentionLayernorm, Site::upProj);
  down(Site::gateProj, Site::mlpActivation);
  down(Site::upProj, Site::mlpActivation);
  down(Site::mlpActivation, Site::downProj);
  const double start = ontoStream(Site::embedTokens);
  const Site afterLayers = config.finalNorm ? Site::norm : Site::logits;
  const double end = fromStream(afterLayers);
  if (pre) {
    // One stream from the embedding to the output layer; each block reads it through a norm and adds to it.
    stream(start, end);
    fromStream(Site::inputLayernorm);
    for (const Site projection : {Site::qProj, Site::qAProj, Site::kvAProj, Site::kProj, Site::vProj}) {
      // Only the first row below the norm: others would be drawn through it.
      if (box(projection) && box(projection)->top() <= box(firstProjection)->top())
        down(Site::inputLayernorm, projection);
    }
    fromStream(Site::postAttentionLayernorm);
    toStream(Site::downProj, Site::output);
  } else {
    // The stream itself goes through the norms.
    const QRectF* q = box(firstProjection);
    const double branch = q->top() - theme.px(5);
    const QRectF* last = box(Site::vProj) ? box(Site::vProj) : q;
    layout.lines.emplace_back(streamX, branch, last->center().x(), branch);
    for (const Site projection : {firstProjection, Site::kProj, Site::vProj}) {
      if (!box(projection)) continue;
      const QPointF target = top(*box(projection));
      layout.arrows.emplace_back(QPointF(target.x(), branch), target);
    }
    stream(start, fromStream(Site::postAttentionLayernorm, 0.3));
    stream(ontoStream(Site::postAttentionLayernorm, 0.75), fromStream(Site::postFeedforwardLayernorm));
    down(Site::downProj, Site::postFeedforwardLayernorm);
    down(Site::postFeedforwardLayernorm, Site::output);
    stream(ontoStream(Site::output), end);
  }
  if (config.finalNorm) down(Site::norm, Site::logits);
  layout.arrows.emplace_back(bottom(layout.nodes[layout.nodes.size() - 2].box), top(layout.nodes.back().box));
  if (const QRectF* positions = box(Site::embedPositions)) {
    layout.arrows.emplace_back(bottom(*positions), top(*box(Site::embedTokens)));
  }
}

}  // namespace

int ArchitectureLayout::find(Site site) const {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i].site == site && nodes[i].kind != MapNode::Kind::sample) return static_cast<int>(i);
  }
  return -1;
}

QString operationLabel(Site site, const ModelConfig& config) {
  switch (site) {
    case Site::qRot:
      return tr("RoPE q");
    case Site::kRot:
      return tr("RoPE k");
    case Site::queryStates:
      return tr("query");
    case Site::keyStates:
      return tr("key");
    case Site::kvAProj:
      return QStringLiteral("kv_a_proj");  // its full name is wider than the map
    case Site::kvALayernorm:
      return QStringLiteral("kv_a_norm");
    case Site::qFeatures:
      return tr("φ(q)");
    case Site::kFeatures:
      return tr("φ(k)");
    case Site::scores:
      return tr("scores");
    case Site::weights:
      return tr("softmax");
    case Site::context:
      return tr("context");
    case Site::postAttentionResidual:
      return tr("add");
    case Site::mlpActivation:
      return config.gatedMlp ? tr("%1 × up").arg(activationName(config)) : activationName(config);
    case Site::output:
      return config.normPlacement == NormPlacement::preNorm ? tr("add") : tr("output");
    default: {
      const QString name = QString::fromLatin1(siteInfo(site).dumpName);
      return name.mid(name.lastIndexOf(QLatin1Char('.')) + 1);
    }
  }
}

QString shapeInNumbers(Site site, const ModelConfig& config, int tokens) {
  QString shape;
  for (const char* letter = siteShape(site, config); *letter; ++letter) {
    const int number = shapeLetter(*letter, config, tokens);
    shape += number < 0 ? QString(QLatin1Char(*letter)) : QString::number(number);
  }
  return shape;
}

ArchitectureLayout layoutArchitecture(const ModelConfig& config, int tokens, double width, double height,
                                      const Theme& theme) {
  ArchitectureLayout layout;
  std::vector<Row> rows = rowsOf(config, tokens);
  const double label = QFontMetricsF(theme.font).height();
  const double small = QFontMetricsF(theme.sized(10)).height();
  const double margin = theme.px(8);
  layout.headerHeight = label + theme.px(6);

  // Comfortable rows where there is room, tight ones before anything has to be scrolled.
  const auto gaps = static_cast<double>(rows.size() - 1);
  double padding = theme.px(4), minGap = theme.px(6);
  const auto rowHeightOf = [&](const Row& row) {
    if (row.size() > 1) return label + small + padding * 0.75;
    return row[0].kind == MapNode::Kind::add ? label : label + padding;
  };
  const auto needed = [&] {
    double sum = 2 * margin + layout.headerHeight + 2 * theme.px(6);
    for (const Row& row : rows) sum += rowHeightOf(row);
    return sum;
  };
  if (needed() + gaps * minGap > height) {
    padding = theme.px(1);
    minGap = theme.px(4);
  }
  const double gap = std::clamp((height - needed()) / gaps, minGap, theme.px(13));
  const double extra =
      std::clamp((height - needed() - gaps * gap) / static_cast<double>(rows.size()), 0.0, theme.px(7));

  const double streamX = margin + theme.px(9);
  const double left = streamX + theme.px(18), right = width - margin - theme.px(10);
  double y = margin;
  bool inLayer = false;
  for (Row& row : rows) {
    const bool perLayer = row[0].kind != MapNode::Kind::sample && siteInfo(row[0].site).perLayer;
    if (perLayer && !inLayer) {
      layout.layerFrame = QRectF(margin / 2, y, width - margin - theme.px(4), 0);
      y += layout.headerHeight + theme.px(3);
      inLayer = true;
    } else if (!perLayer && inLayer) {
      y -= gap - theme.px(6);
      layout.layerFrame.setBottom(y);
      y += gap;
      inLayer = false;
    }
    const double rowHeight = extra + rowHeightOf(row);
    // q and k keep two of three columns down to the softmax, so that v can pass beside them.
    const Site site = row[0].site;
    const bool besideValues = row[0].kind != MapNode::Kind::sample &&
                              (site == Site::qRot || site == Site::queryStates || site == Site::scores ||
                               site == Site::weights || site == Site::qFeatures);
    const double between = theme.px(5);
    const double third = (right - left - 2 * between) / 3;
    const double end = besideValues ? left + 2 * third + between : right;
    const double each =
        (end - left - between * static_cast<double>(row.size() - 1)) / static_cast<double>(row.size());
    double x = left;
    for (MapNode& node : row) {
      node.box = QRectF(x, y, each, rowHeight);
      x += each + between;
      layout.nodes.push_back(node);
    }
    y += rowHeight + gap;
  }
  layout.streamX = streamX;
  layout.height = y - gap + margin;
  connectNodes(layout, config, theme);
  return layout;
}

}  // namespace decodescope
