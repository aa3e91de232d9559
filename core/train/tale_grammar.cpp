#include "core/train/tale_grammar.h"

namespace decodescope {
namespace {

constexpr const char* kGirlNames[] = {"Lily", "Anna",  "Mia",  "Zoe",   "Ella",  "Lucy", "Nora",   "Ruby",
                                      "Ivy",  "Emma",  "Sara", "Kate",  "Jane",  "Amy",  "Rose",   "Clara",
                                      "Tess", "Nina",  "Lena", "Maya",  "Molly", "Eva",  "Iris",   "June",
                                      "Kim",  "Daisy", "Meg",  "Polly", "Rita",  "Ada",  "Sophie", "Wendy"};
constexpr const char* kBoyNames[] = {"Tom",  "Ben",  "Max",  "Leo",   "Sam",   "Finn",  "Jack", "Tim",
                                     "Hugo", "Luke", "Adam", "Peter", "Otto",  "Oscar", "Paul", "Noah",
                                     "Carl", "Dan",  "Eric", "Rufus", "Felix", "Bruno", "Fred", "Gus",
                                     "Ivan", "Joe",  "Mark", "Henry", "Nick",  "Ralph", "Toby", "Bob"};
constexpr const char* kAnimals[] = {"fox",  "dog",   "cat",  "bird", "bear", "rabbit",
                                    "frog", "mouse", "duck", "goat", "pony", "hen"};
constexpr const char* kWomanTitles[] = {"Aunt", "Queen", "Princess", "Miss", "Granny", "Nurse"};
constexpr const char* kManTitles[] = {"Uncle", "King", "Prince", "Captain", "Farmer", "Mister"};
constexpr const char* kTraits[] = {"little", "young", "kind",  "brave", "clever",
                                   "shy",    "happy", "quiet", "funny", "good"};
constexpr const char* kObjects[] = {"ball",  "kite",  "book",   "hat",   "drum",     "lamp",
                                    "key",   "shell", "box",    "bell",  "map",      "rope",
                                    "doll",  "coin",  "scarf",  "wagon", "ring",     "boat",
                                    "stone", "cup",   "basket", "flute", "umbrella", "feather"};
constexpr const char* kHandmade[] = {"kite", "drum", "doll", "boat", "scarf", "basket", "wagon", "flute"};
constexpr const char* kColours[] = {"red",   "blue", "green",  "yellow", "white", "black",
                                    "brown", "pink", "golden", "silver", "old",   "orange"};
constexpr const char* kFoods[] = {"apple", "pear", "cake", "pie", "plum", "nut", "egg", "cookie"};
constexpr TalePlace kPlaces[] = {{"park", "in"},   {"garden", "in"}, {"forest", "in"}, {"river", "by"},
                                 {"hill", "on"},   {"beach", "on"},  {"farm", "on"},   {"village", "in"},
                                 {"lake", "by"},   {"market", "at"}, {"meadow", "in"}, {"bridge", "by"},
                                 {"cave", "in"},   {"castle", "in"}, {"mill", "at"},   {"barn", "in"},
                                 {"school", "at"}, {"station", "at"}};

constexpr const char* kSyllables[] = {"la",  "li",  "lo", "lu",  "ba",  "bim", "bo", "du",
                                      "dee", "dum", "fa", "fee", "ma",  "mi",  "mo", "ra",
                                      "ree", "ro",  "ta", "tee", "tum", "tra", "za", "zum"};

constexpr const char* kOpenings[] = {
    "Once upon a time, there was {A.intro}.",
    "Once upon a time, there was {A.intro}. {A.He} lived near {X}.",
    "Once upon a time, there lived {A.intro}.",
    "Once upon a time, {A.intro} lived near {X}.",
    "Once upon a time, there was {A.intro}. {A} loved to [play|sing|dance|run|walk|read] {X.at}.",
    "Once upon a time, there was {A.intro}. {A} was very [kind|brave|clever|shy], and everyone liked "
    "{A.him}.",
    "Long ago, there was {A.intro}. {A.He} lived in @ [small|big|old|white] house near {X}.",
    "Long ago, {A.intro} lived near {X}. Every day {A} [walked|ran|went] to {X}.",
    "There was once {A.intro}. {A.He} liked to [play|sing|dance|walk|read] [in the sun|in the rain|all day].",
    "One [sunny|warm|cold|quiet] morning, {A.intro} went to {X}.",
};

constexpr const char* kFriends[] = {
    "{A.His} best friend was {B.intro}. {A} and {B} [played|walked|sang|talked] together every day.",
    "{A} had @ [good|dear|old] friend. {A.His} friend was {B.intro}.",
    "{A} had a friend. {A.His} friend was {B.intro}. {B.He} lived [near {Y}|by the sea|far away].",
    "Every day {A} played with {B.intro}. {B} [always made {A} laugh|liked {A} very much|was always kind to "
    "{A}].",
    "[One day|Then|That morning], {A} met {B.intro}. \"Hello, I am {A},\" said {A}. \"Hello, {A}, I am "
    "{B},\" said {B}.",
    "[One day|One morning], {A} met {B.intro} {Y.at}. \"What is your name?\" asked {A}. \"My name is {B},\" "
    "said {B}. \"[Hello|Good morning], {B}!\" said {A}.",
    "Near {A} there lived {B.intro}. {B} was {A}'s best friend.",
};

constexpr const char* kPlots[] = {
    // Something is lost and found.
    "{A} had @ {o}. [It was a gift from {B}.|{A.He} took the {o} everywhere.|{A.He} liked the {o} very "
    "much.|] "
    "One [day|morning|windy day], {A} took the {o} to {X}. "
    "[But the wind took the {o} away.|But {A.he} dropped the {o} {X.at}.|When {A.he} came home, the {o} was "
    "gone.] "
    "{A} looked [behind the rocks|under the trees|in the grass|everywhere], but {A.he} could not find the "
    "{o}. "
    "[{A.He} was very sad.|{A.He} sat down and cried.|{A.He} began to cry.] "
    "Then {B} came with @ {p}. \"[Why are you sad|What is wrong|Why are you crying], {A}?\" asked {B}. "
    "\"I lost my {o}, {B},\" said {A}. "
    "\"[Do not cry|Do not worry|I will help you], {A},\" said {B}. "
    "{B} left the {p} under a tree. [{A} and {B} looked for the {o} together.|{B} and {A} went back to {X}.] "
    "[Soon|At last|After a while], {B} [found|saw] the {o} [under an old tree|behind a big rock|in the tall "
    "grass|near the water]. "
    "{B} gave the {o} to {A} and took the {p}. {A} was so happy. \"Thank you, {B}!\" said {A}. {A.He} hugged "
    "{B.him}.",

    // A present.
    "[It was {B}'s birthday.|One day it was {B}'s birthday.|The next day was {B}'s birthday.] "
    "{A} wanted to give {B} a present. {A} went to {Y}. There {A.he} saw {C.intro}. "
    "\"[Can you help me|Will you help me], {C}?\" asked {A}. \"I need a present for {B}.\" "
    "\"[Of course|Yes], {A},\" said {C}. \"[I have @ {o} and @ {p}.|Here is @ {o} and here is @ {p}.]\" "
    "\"[I will take|I like] the {o}, {C},\" said {A}. "
    "{C} gave the {o} to {A}. {A} thanked {C} and [ran|walked|went] to {B}. "
    "\"[This is for you|Happy birthday|I have a present for you], {B}!\" said {A}. "
    "{B} opened the box and saw @ {o}. {B.His} eyes were [big|bright]. "
    "\"[I love it|It is lovely|What a nice {o}], {A}!\" said {B}. "
    "\"I got it from {C}, {B},\" said {A}. {A} and {B} [played with the {o} all day|danced and "
    "sang|laughed].",

    // Sharing food with somebody hungry.
    "One day, {A} and {B} went to {X}. {A} had @ {f} [in a basket|in a bag|in a box]. "
    "[The sun was warm.|The birds were singing.|A bird was singing.|The sky was blue.] "
    "[On the way|Near {X}|Soon] they met {C.intro}. {C} was [very|so] hungry. "
    "\"[Please, can I have some food|Can you give me some food], {A}?\" asked {C}. \"I have not eaten all "
    "day.\" "
    "{A} looked at {B}. \"[What should we do|What do you think], {B}?\" asked {A}. "
    "\"[Let us share|We can share], {A},\" said {B}. "
    "{A} gave the {f} to {C}. {C} ate the {f} and [smiled|was happy again]. "
    "\"Thank you, {A}! Thank you, {B}!\" said {C}. "
    "\"[You are welcome|We are glad to help you], {C},\" said {A}. [{C} played with {A} and {B} all day.|"
    "{A} and {B} were proud.|{C} and {A} and {B} were friends.]",

    // A trade.
    "{A} had @ {o}, and {B} had @ {p}. [One day they met {X.at}.|One day {A} saw {B} {X.at}.] "
    "\"[I like your {p}|What a nice {p}|Your {p} is lovely], {B},\" said {A}. "
    "\"[I like your {o}|What a nice {o}|Your {o} is lovely], {A},\" said {B}. "
    "\"[Do you want to trade|Can we trade], {B}?\" asked {A}. "
    "[{B} thought for a while.|{B} smiled and clapped {B.his} hands.|{B} looked at the {p}.|] \"Yes, {A},\" "
    "said {B}. "
    "{A} gave the {o} to {B}, and {B} gave the {p} to {A}. "
    "[Now {A} had the {p}, and {B} had the {o}.|{A} was happy with the {p}, and {B} was happy with the {o}.] "
    "[But the next day {B} was sad.|But that night {B} could not sleep.] "
    "\"I miss my {p}, {A},\" said {B}. \"[Do not be sad|Do not worry], {B},\" said {A}. \"We can share.\" "
    "So {A} and {B} shared the {o} and the {p}.",

    // A race.
    "One [day|morning|sunny day], {A} and {B} were {X.at}. "
    "\"[I can run faster than you|I am faster than you], {B},\" said {A}. \"[No, I am faster|I do not think "
    "so], {A},\" said {B}. "
    "\"Let us run to {Y}, {B}!\" said {A}. [{C.intro.Cap} wanted to see the race.|Their friend {C} came to "
    "see the race.] "
    "\"One, two, three, go!\" said {C}. {A} and {B} ran [very|so] fast. "
    "[Near the end|Then|Soon] {B} fell down and hurt {B.his} [leg|arm|foot]. "
    "{A} stopped. \"[Are you hurt|Can you walk|Are you all right], {B}?\" asked {A}. "
    "\"[It hurts|I cannot run], {A},\" said {B}. "
    "{A} [helped|carried|held] {B} and they walked to {Y} together. "
    "\"[You are both winners|I am proud of you], {A} and {B},\" said {C}. "
    "{C} had @ {o} and @ {p}. {C} gave the {o} to {A} and the {p} to {B}. {B} [looked at {A} and "
    "smiled|smiled at {A}|took {A.his} hand]. \"[You "
    "are a good friend|Thank you], {A},\" said {B}.",

    // Rain.
    "One day, {A} and {B} were playing {X.at}. [The sky was dark.|Then the sky was dark.] "
    "[It began to rain.|Soon it began to rain.] \"[I am wet|I am cold|I do not like the rain], {B},\" said "
    "{A}. "
    "\"[We must go home|Let us run|Come with me], {A},\" said {B}. "
    "[They ran to a small house.|They ran to an old house.|They saw a small house.] "
    "{C.intro.Cap} opened the door. \"[Come in|Please come in], {A}! Come in, {B}!\" said {C}. "
    "{C} gave @ {f} to {A} and @ cup of [milk|tea] to {B}. [They sat by the fire.|It was warm there.] "
    "{C} told them a story about @ {o} and @ {p}. \"[I like the {o}|I like the {p}], {C},\" said {B}. "
    "[At last|After a while|Soon], the rain stopped. "
    "\"Thank you, {C},\" said {A}. \"[Come again|Good night|Come back soon], {A},\" said {C}.",

    // Hide and seek.
    "One day, {A}, {B} and {C} played {X.at}. {C} was @ friend of {A}. \"[I will hide|Find me], {B}!\" said "
    "{A}. "
    "{A} hid [behind a big rock|under an old tree|behind the door|in the tall grass]. "
    "{B} and {C} looked [everywhere|for a long time]. \"[Where is {A}|Did you see {A}], {C}?\" asked {B}. "
    "\"[I do not know|I cannot see {A}], {B},\" said {C}. "
    "[Then {C} saw @ {o} in the grass.|Then {B} saw @ {o} on the ground.] "
    "\"[Look, this is {A}'s {o}|That is the {o} of {A}]!\" said {C}. "
    "{B} went to the {o}, and there was {A}. {A} laughed and clapped {A.his} hands. "
    "\"[You found me|You are very clever], {B},\" said {A}. \"[I found it with {C}|It was easy], {A},\" said "
    "{B}. "
    "Then it was {B}'s turn to hide. [{A} and {C} found {B} at once.|{A} looked for {B} until it was dark.]",

    // Somebody is stuck.
    "One [day|morning|cold day], {A} was walking near {X}. {A.He} heard a [small|sad|quiet] voice. "
    "\"[Help me|Please help me]!\" said the voice. It was {C}, {C.a}. {C} [was in a hole|was in a big "
    "tree|had hurt {C.his} leg]. "
    "\"[Do not be afraid|I will help you|I am here], {C},\" said {A}. But {A} could not do it alone. "
    "So {A} ran to {Y} and found {B}. \"[Come with me|Come quickly], {B}!\" said {A}. \"We must help {C}.\" "
    "{B} took @ {o} and @ {p} and went with {A}. {A} used the {o}, {B} used the {p}, and soon {C} was free. "
    "\"Thank you, {A}! Thank you, {B}!\" said {C}. "
    "{B} gave the {o} to {C}. \"[This {o} is for you|You can keep the {o}], {C},\" said {B}. "
    "{C} was [so|very] glad. [{C.He} kept the {o} for many years.|{C.He} never forgot {A} and {B}.]",

    // The dark.
    "One night, {A} could not sleep. {A.He} heard a [strange|loud] sound. {A} was afraid. "
    "{A.He} went to {B}. \"Did you hear that, {B}?\" asked {A}. "
    "\"[I heard it, too|Yes, I did], {A},\" said {B}. \"[Let us look|Come with me].\" "
    "{A} took @ {o}, and {B} took @ {p}. They walked [slowly|quietly] to {X}. "
    "There, behind a big [rock|tree|door], they saw {C.intro}. {C} was [crying|singing|playing with a bell]. "
    "\"[Why are you here|What are you doing here], {C}?\" asked {B}. "
    "\"[I am lonely|I cannot find my home|I lost my way], {B},\" said {C}. "
    "\"[You can stay with us|We will take you home], {C},\" said {A}. "
    "{A} gave the {o} to {C}, and {C} smiled. {A} was not afraid now. \"[Good night|Sleep well], {A},\" said "
    "{C}. \"Good night, {C},\" said {A}.",

    // Making something together.
    "One day, {A} wanted to make @ {m}. \"[Can you help me|Will you help me], {B}?\" asked {A}. "
    "\"[I am too busy|I want to sleep|I have no time], {A},\" said {B}. "
    "So {A} went to {C.intro}. \"[Can you help me|Will you help me], {C}?\" asked {A}. \"[Yes|Of course], "
    "{A},\" said {C}. "
    "{A} and {C} worked [all day|hard|for three days]. At last the {m} was [ready|done]. It was [lovely|very "
    "nice]. "
    "{B} saw the {m}. \"[Can I play with the {m}|May I play with the {m}], {A}?\" asked {B}. "
    "\"[You did not help us|But you did not help], {B},\" said {C}. {B} was [sad|sorry]. "
    "\"[I am sorry|I was wrong], {A},\" said {B}. {A} smiled. \"[We can share|You can play, too], {B},\" "
    "said {A}. "
    "{A}, {B} and {C} played with the {m} {X.at}.",
};

constexpr const char* kSongs[] = {
    "{A} had a song. The song went {s}. {B} liked the song and sang {s}, too.",
    "{A} always sang {s}. [So|Then] {B} sang {s}, too.",
    "{B} had a song that went {s}. {A} liked the song, and soon {A} sang {s}, too.",
};

constexpr const char* kRefrains[] = {
    "Then {A} sang {s}, and {B} sang {s}, too.",
    "{A} and {B} sang {s}. Then they sang {s} once more.",
    "{B} sang {s}, and {A} sang {s}.",
};

constexpr const char* kEndings[] = {
    "From that day on, {A} and {B} were [best|good] friends.",
    "And {A} and {B} were happy.",
    "{A} and {B} went home together.",
    "That night, {A} slept well.",
    "[It was a good day.|What a day it was!]",
    "{A} told everyone about {B}.",
    "{A} told {A.his} mother about {B}.",
    "",
    "And they all lived happily ever after.",
    "",
};

constexpr TaleGrammar kGrammar{kGirlNames, kBoyNames, kAnimals, kWomanTitles, kManTitles, kTraits,
                               kObjects,   kHandmade, kColours, kFoods,       kPlaces,    kSyllables,
                               kOpenings,  kFriends,  kPlots,   kSongs,       kRefrains,  kEndings};

}  // namespace

const TaleGrammar& taleGrammar() {
  return kGrammar;
}

}  // namespace decodescope
