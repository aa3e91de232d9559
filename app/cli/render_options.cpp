#include "app/cli/render_options.h"

#include "views/lanes_view.h"
#include "views/render_command.h"

#include <QDir>
#include <QFileInfo>
#include <QStringList>

#include <algorithm>
#include <limits>

namespace decodescope {
namespace {

constexpr double kDefaultDpi = 300;
constexpr double kDefaultFontPt = 9;

constexpr OptionInfo kRenderOptions[] = {
    {"--view", "ID|all", "what to draw"},
    {"--lane", "KEY=VALUE,…",
     "another run drawn beside this one (repeatable): model=M, tokenizer=FILE, kv_heads=G (averaged), "
     "window=W, "
     "attention=linear, rotary=rotate-half|interleaved, kv_cache=on|off, tokens=same|own, mask=on|off, "
     "strike=LIST, branch=STEP[:ID], name=LABEL (default: the model, or what differs); a comma in a value "
     "is %2C"},
    {"--in-lane", "I", "the lane that the selection is in, from 0 (default 0, the run itself)"},
    {"--layer", "I", "from 0 (default 0)"},
    {"--head", "H", "query head, from 0 (default 0)"},
    {"--at", "STEP", "the step that is shown, from 1; 0 is before the first (default: the last)"},
    {"--query", "I", "position of the marked query, from 0 (default: the last)"},
    {"--key", "I", "position of the marked key, from 0 (default 0)"},
    {"--site", "NAME",
     "the chosen operation of the map, such as input_layernorm (default self_attn.weights)"},
    {"--set", "OPTION=VALUE,…", "the view's own settings, as its tool bar has them"},
    {"--zoom", "WHERE", "what the view enlarges, as Copy command writes it (attention: COLUMN,ROW,CELLS)"},
    {"--size", "WxH", "in pixels (default 1200x800); letters and cells grow with the room"},
    {"--scale", "S", "of text, lines and cells, 0.5 to 4 (default 1)"},
    {"--width-mm", "W", "instead of --size: a figure this wide, three quarters as high"},
    {"--font-pt", "P", "with --width-mm: the size of labels (default 9)"},
    {"--dpi", "D", "with --width-mm (default 300)"},
    {"--theme", "light|dark", "(default light)"},
    {"--out", "FILE|DIR", "a file ending in .png, .svg, .pdf, .csv or .npy, or a folder for VIEW.FORMAT"},
    {"--format", "LIST", "png,svg,pdf,csv,npy: what to write into the folder (default all)"},
};

Error usage(const std::string& option, const char* what, const std::string& found = {},
            const std::string& allowed = {}) {
  return Error{.field = option, .what = what, .found = found, .allowed = allowed};
}

std::string joined(const QStringList& words) {
  return words.join(QStringLiteral(", ")).toStdString();
}

Result<std::vector<const ViewInfo*>> parseViews(const Arguments& arguments) {
  const auto id = arguments.value("--view");
  QStringList known;
  std::vector<const ViewInfo*> all;
  for (const ViewInfo& info : viewRegistry()) {
    known << QLatin1String(info.id);
    all.push_back(&info);
  }
  known << QStringLiteral("all");
  if (!id) return usage("--view", "is missing", {}, joined(known));
  if (*id == "all") return all;
  const ViewInfo* info = findView(QString::fromStdString(*id));
  if (!info) return usage("--view", "there is no such view", *id, joined(known));
  return std::vector<const ViewInfo*>{info};
}

Result<std::optional<int>> parseIndex(const Arguments& arguments, const char* option) {
  const auto text = arguments.value(option);
  if (!text) return std::optional<int>();
  DECODESCOPE_TRY(const long long number, parseWhole(option, *text, 0, std::numeric_limits<int>::max()));
  return std::optional<int>(static_cast<int>(number));
}

Result<FigureSize> parseFigure(const Arguments& arguments) {
  const auto size = arguments.value("--size"), width = arguments.value("--width-mm");
  if (size && width) return usage("--width-mm", "cannot be used together with --size");
  if (width) {
    if (arguments.has("--scale"))
      return usage("--scale", "cannot be used together with --width-mm: use --font-pt");
    DECODESCOPE_TRY(const double millimetres, parseReal("--width-mm", *width, 10, 2000));
    DECODESCOPE_TRY(
        const double font,
        parseReal("--font-pt", arguments.value("--font-pt").value_or(std::to_string(kDefaultFontPt)), 3, 72));
    DECODESCOPE_TRY(
        const double dpi,
        parseReal("--dpi", arguments.value("--dpi").value_or(std::to_string(kDefaultDpi)), 36, 2400));
    const FigureSize figure = figureInMillimetres(millimetres, font, dpi);
    if (figure.dots.width() > kLargestFigureSide)
      return usage("--width-mm", "gives too large a picture", std::to_string(figure.dots.width()) + " dots",
                   "at most " + std::to_string(kLargestFigureSide));
    return figure;
  }
  for (const char* option : {"--font-pt", "--dpi"}) {
    if (arguments.has(option)) return usage(option, "needs --width-mm");
  }
  QSize pixels(1200, 800);
  if (size) {
    const auto x = size->find('x');
    if (x == std::string::npos) return usage("--size", "is not WIDTHxHEIGHT", *size, "for example 1200x800");
    DECODESCOPE_TRY(const long long w, parseWhole("--size", size->substr(0, x), 1, kLargestFigureSide));
    DECODESCOPE_TRY(const long long h, parseWhole("--size", size->substr(x + 1), 1, kLargestFigureSide));
    pixels = QSize(static_cast<int>(w), static_cast<int>(h));
  }
  double scale = 1;
  if (const auto text = arguments.value("--scale")) {
    DECODESCOPE_TRY(scale, parseReal("--scale", *text, 0.5, 4));
  }
  return figureInPixels(pixels, scale);
}

Result<std::vector<std::pair<QString, QString>>> parseSettings(const Arguments& arguments,
                                                               const std::vector<const ViewInfo*>& views) {
  std::vector<std::pair<QString, QString>> settings;
  for (const std::string& text : arguments.values("--set")) {
    for (const QString& entry : QString::fromStdString(text).split(QLatin1Char(','), Qt::SkipEmptyParts)) {
      const QString id = entry.section(QLatin1Char('='), 0, 0), value = entry.section(QLatin1Char('='), 1);
      bool taken = false;
      QStringList known, values;
      for (const ViewInfo* info : views) {
        const auto view = std::make_unique<LanesView>(*info);
        if (id == QLatin1String("lanes")) values << QStringLiteral("beside, one, difference");
        for (const ViewOption& option : view->options()) {
          known << option.id;
          if (option.id != id) continue;
          for (const auto& choice : option.choices) values << choice.first;
          if (option.number)
            values << QStringLiteral("%1 to %2")
                          .arg(option.number->text(option.number->minimum),
                               option.number->text(option.number->maximum));
        }
        taken = view->setOption(id, value) || taken;
      }
      known.removeDuplicates();
      values.removeDuplicates();
      if (!taken && values.isEmpty())
        return usage("--set", "there is no such setting", id.toStdString(), joined(known));
      if (!taken)
        return usage("--set " + id.toStdString(), "has no such value", value.toStdString(), joined(values));
      settings.emplace_back(id, value);
    }
  }
  return settings;
}

Result<Site> parseSite(const Arguments& arguments) {
  const auto name = arguments.value("--site");
  if (!name) return Site::weights;
  QStringList known;
  for (const SiteInfo& info : siteTable()) {
    const QString word = siteWord(info.site);
    if (word == QString::fromStdString(*name)) return info.site;
    known << word;
  }
  return usage("--site", "there is no such operation", *name, joined(known));
}

Result<void> parseZoom(const Arguments& arguments, const std::vector<const ViewInfo*>& views, QString& zoom) {
  zoom = QString::fromStdString(arguments.value("--zoom").value_or(""));
  for (const ViewInfo* info : views) {
    if (!info->make()->setZoomed(zoom))
      return usage("--zoom", "is nothing that this view enlarges", zoom.toStdString());
  }
  return {};
}

/// One KEY=VALUE of --lane.
Result<void> parseLaneEntry(const std::string& key, const std::string& value, LaneOptions& lane) {
  static constexpr const char* kKeys =
      "model, tokenizer, kv_heads, window, attention, rotary, kv_cache, tokens, mask, strike, branch, name";
  LaneRecipe& recipe = lane.recipe;
  const auto rules = [&]() -> AttentionRules& {
    if (!recipe.rules) recipe.rules.emplace();
    return *recipe.rules;
  };
  if (key == "model" && !value.empty()) {
    recipe.path = value;
  } else if (key == "tokenizer" && !value.empty()) {
    recipe.tokenizer = value;
  } else if (key == "name") {
    lane.label = value;
    lane.isNamed = !value.empty();
  } else if (key == "kv_heads") {
    DECODESCOPE_TRY(const long long heads, parseWhole("--lane kv_heads", value, 1, 1 << 12));
    recipe.derivedKvHeads = static_cast<int>(heads);
  } else if (key == "window") {
    DECODESCOPE_TRY(const long long window, parseWhole("--lane window", value, 1, 1 << 24));
    recipe.derivedWindow = static_cast<int>(window);
  } else if (key == "attention") {
    if (value != "linear") return usage("--lane attention", "is nothing to derive", value, "linear");
    recipe.derivedLinear = true;
  } else if (key == "rotary") {
    recipe.rotaryLayout = rotaryLayoutNamed(value);
    if (!recipe.rotaryLayout)
      return usage("--lane rotary", "is no layout of rotary pairs", value, "rotate-half, interleaved");
  } else if (key == "kv_cache") {
    DECODESCOPE_TRY(recipe.kvCache, parseOnOff("--lane kv_cache", value));
  } else if (key == "tokens") {
    if (value != "same" && value != "own")
      return usage("--lane tokens", "is neither same nor own", value, "same (the first lane's), own");
    recipe.sameTokens = value == "same";
  } else if (key == "mask") {
    DECODESCOPE_TRY(rules().causalMask, parseOnOff("--lane mask", value));
  } else if (key == "strike") {
    const auto strikes = parseStrikes(value);
    if (!strikes.ok())
      return usage("--lane strike", "names neither heads nor rows", value, strikes.error().allowed);
    rules().struckHeads = strikes.value().struckHeads;
    rules().struckRows = strikes.value().struckRows;
  } else if (key == "branch") {
    constexpr long long kMost = std::numeric_limits<int>::max();
    const std::size_t colon = std::min(value.find(':'), value.size());
    DECODESCOPE_TRY(const long long step, parseWhole("--lane branch", value.substr(0, colon), 0, kMost));
    recipe.branchStep = StepIndex{static_cast<int>(step)};
    if (colon == value.size()) return {};
    DECODESCOPE_TRY(const long long token, parseWhole("--lane branch", value.substr(colon + 1), 0, kMost));
    recipe.branchToken = TokenId{static_cast<int>(token)};
  } else {
    return usage("--lane", "is none that a lane can change", key + "=" + value, kKeys);
  }
  return {};
}

/// What a lane without a name is called by, apart from its model: "cache off, no causal mask".
std::string settingsText(const LaneRecipe& recipe) {
  QStringList parts;
  if (recipe.kvCache) parts << (*recipe.kvCache ? QStringLiteral("cache on") : QStringLiteral("cache off"));
  if (recipe.rules && !recipe.rules->causalMask) parts << QStringLiteral("no causal mask");
  if (recipe.rules && !(recipe.rules->struckHeads.empty() && recipe.rules->struckRows.empty()))
    parts << QStringLiteral("without ") + QString::fromStdString(strikesText(*recipe.rules));
  if (recipe.branchStep) parts << QStringLiteral("branch at step %1").arg(recipe.branchStep->value);
  return joined(parts);
}

Result<std::vector<LaneOptions>> parseLanes(const Arguments& arguments) {
  std::vector<LaneOptions> lanes;
  for (const std::string& text : arguments.values("--lane")) {
    LaneOptions lane;
    for (const QString& entry : QString::fromStdString(text).split(QLatin1Char(','))) {
      const QString value = entry.section(QLatin1Char('='), 1);
      DECODESCOPE_CHECK(parseLaneEntry(entry.section(QLatin1Char('='), 0, 0).toStdString(),
                                       laneValueFrom(value).toStdString(), lane));
    }
    const LaneRecipe& recipe = lane.recipe;
    if (recipe.branchStep &&
        (!recipe.path.empty() || recipe.derivedKvHeads || recipe.derivedWindow || recipe.derivedLinear ||
         recipe.rotaryLayout || (recipe.rules && !recipe.rules->causalMask)))
      return usage("--lane branch", "shares the first run's rows, so it has its model and its mask", text);
    if (!recipe.tokenizer.empty() && recipe.path.empty())
      return usage("--lane tokenizer", "is that of another model, which model=M names", text);
    if (recipe.branchToken && recipe.sameTokens)
      return usage("--lane tokens", "cannot be the same after another token was chosen", text);
    if (recipe.branchToken && recipe.branchStep->value == 0)
      return usage("--lane branch", "has no pick to replace before step 1", text);
    if (lane.label.empty()) lane.label = settingsText(recipe);
    lanes.push_back(std::move(lane));
  }
  return lanes;
}

Result<void> parseTarget(const Arguments& arguments, RenderOptions& options) {
  static constexpr const char* kFormats = "png, svg, pdf, csv, npy";
  const auto out = arguments.value("--out");
  if (!out || out->empty()) return usage("--out", "is missing");
  options.out = QString::fromLocal8Bit(out->c_str());
  std::vector<ExportFormat> formats;
  if (const auto list = arguments.value("--format")) {
    for (const QString& name : QString::fromStdString(*list).split(QLatin1Char(','))) {
      const auto format = exportFormatOf(name);
      if (!format) return usage("--format", "is none that can be written", name.toStdString(), kFormats);
      formats.push_back(*format);
    }
  }
  const QFileInfo info(options.out);
  const bool isFolder = arguments.has("--format") || options.views.size() > 1 || info.isDir() ||
                        info.suffix().isEmpty() || options.out.endsWith(QLatin1Char('/'));
  if (!isFolder) {
    if (!exportFormatOf(info.suffix()))
      return usage("--out", "has an ending that cannot be written", "." + info.suffix().toStdString(),
                   kFormats);
    return {};
  }
  if (formats.empty())
    formats = {ExportFormat::png, ExportFormat::svg, ExportFormat::pdf, ExportFormat::csv, ExportFormat::npy};
  options.formats = std::move(formats);
  return {};
}

Result<int> checkedIndex(const char* option, std::optional<int> value, int fallback, int low, int high) {
  if (!value) return fallback;
  if (*value < low || *value > high)
    return usage(option, "is out of range", std::to_string(*value),
                 high < low ? std::string("none") : std::to_string(low) + " … " + std::to_string(high));
  return *value;
}

}  // namespace

std::span<const OptionInfo> renderOptionTable() {
  return kRenderOptions;
}

Result<RenderOptions> parseRenderOptions(const Arguments& arguments) {
  RenderOptions options;
  DECODESCOPE_TRY(options.run, parseRunOptions(arguments));
  DECODESCOPE_TRY(options.views, parseViews(arguments));
  DECODESCOPE_TRY(options.lanes, parseLanes(arguments));
  DECODESCOPE_TRY(options.lane, parseIndex(arguments, "--in-lane"));
  DECODESCOPE_TRY(options.site, parseSite(arguments));
  DECODESCOPE_CHECK(parseZoom(arguments, options.views, options.zoom));
  DECODESCOPE_TRY(options.layer, parseIndex(arguments, "--layer"));
  DECODESCOPE_TRY(options.head, parseIndex(arguments, "--head"));
  DECODESCOPE_TRY(options.at, parseIndex(arguments, "--at"));
  DECODESCOPE_TRY(options.query, parseIndex(arguments, "--query"));
  DECODESCOPE_TRY(options.key, parseIndex(arguments, "--key"));
  DECODESCOPE_TRY(options.figure, parseFigure(arguments));
  DECODESCOPE_TRY(options.settings, parseSettings(arguments, options.views));
  if (const auto theme = arguments.value("--theme")) {
    if (*theme != "light" && *theme != "dark")
      return usage("--theme", "is neither light nor dark", *theme, "light, dark");
    options.dark = *theme == "dark";
  }
  DECODESCOPE_CHECK(parseTarget(arguments, options));
  return options;
}

Result<Selection> selectionFor(const RenderOptions& options, const RunSnapshot& run) {
  const ModelConfig& config = run.model->config();
  Selection s;
  s.site = options.site;
  DECODESCOPE_TRY(s.lane,
                  checkedIndex("--in-lane", options.lane, 0, 0, static_cast<int>(options.lanes.size())));
  DECODESCOPE_TRY(s.layer.value, checkedIndex("--layer", options.layer, 0, 0, config.numHiddenLayers - 1));
  DECODESCOPE_TRY(s.head.value, checkedIndex("--head", options.head, 0, 0, config.numAttentionHeads - 1));
  DECODESCOPE_TRY(s.step.value, checkedIndex("--at", options.at, run.stepCount(), 0, run.stepCount()));
  const int tokens = run.tokensSeenAt(s.step);
  // Before the first step there is no token; 0 is what a command written there says.
  const int last = std::max(0, tokens - 1);
  DECODESCOPE_TRY(s.query.value, checkedIndex("--query", options.query, last, 0, last));
  DECODESCOPE_TRY(s.key.value, checkedIndex("--key", options.key, 0, 0, last));
  return s;
}

}  // namespace decodescope
