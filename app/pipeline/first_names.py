"""Common first names, for engines that return words without capitals.

The list was written by hand for this project, from general knowledge of names in English-speaking countries, India,
Europe, Latin America and the Arabic world; no data set was copied. It need not be complete: a name that is missing
keeps its lower case. Names that are everyday words are apart, since they count in clear places only.
"""

from app.pipeline.word_sets import word_set

FIRST_NAMES = word_set(
    "aaron abigail adam adrian ahmed aisha alan albert alejandro alex alexander alexandra alice alicia alison",
    "allison amanda amelia amir amit amy ana andrea andreas andrew andy angela anil anita anna anne annie anthony",
    "antonio arjun arthur asha ashley barbara ben benjamin bernard beth betty beverly bob bobby brad bradley",
    "brandon brenda brian bruce bryan caitlin cameron carl carla carlos carmen caroline carolyn catherine cathy",
    "charles charlie charlotte cheryl chloe chris christina christine christopher cindy claire clara claudia colin",
    "connor craig cynthia daniel danielle danny dave david debbie deborah deepak denise dennis derek diana diane",
    "diego divya donald donna doris dorothy doug douglas dylan eddie edward eileen elena eli elizabeth ella ellen",
    "emily emma eric erica erik ethan eugene eva evan evelyn fatima felix fernando fiona florian frances francis",
    "francisco fred gabriel gabriela gary geoff george gerald gloria gordon greg gregory hannah hans harold harry",
    "hassan heidi helen helena henry howard hugh ian ibrahim igor ingrid isaac isabel isabella ivan jacob",
    "jacqueline jake james jamie jan jane janet janice jason javier jeff jeffrey jennifer jenny jeremy jerry jesse",
    "jessica jim jimmy joan joanna joe joel johan john johnny jonathan jordan jorge jose joseph josh joshua joyce",
    "juan judith judy julia julian julie justin karen karl katherine kathleen kathy katie keith kelly ken kenneth",
    "kevin kiran klaus kumar kyle larry laura lauren laurie leah leo leon leonard leslie liam linda lisa liz lois",
    "lorraine louis louise lucas lucy luis luke lydia maggie manuel marcus margaret maria marie marilyn mario",
    "marion martha martin marvin mary matt matthew maureen maya meera megan melissa michael michelle miguel mike",
    "mohammed mohan molly monica nadia nancy natalie natasha nathan neha neil nicholas nicole nikhil nina noah nora",
    "norman olga oliver olivia omar oscar pablo pamela patricia patrick paul paula pedro peggy peter phil philip",
    "phillip phyllis pooja priya rachel rahul raj rajesh ralph ramesh raymond rebecca renee ricardo richard rita",
    "robert roberta robin rodney roger ronald rosa rosemary roy russell ruth ryan sally sam samantha samuel sandra",
    "sanjay sara sarah scott sean sergio shannon sharon sheila shirley shreya simon sofia sophia sophie stefan",
    "stephanie stephen steve steven stuart sunil suresh susan suzanne sven sylvia tamara tanya tara ted teresa",
    "terry theodore theresa thomas tiffany tim timothy tina tobias todd tom tommy tony tracy travis tyler ursula",
    "valerie vanessa vera veronica vicky victoria vijay vikram vincent virginia vivian walter wanda wayne wendy",
    "william yasmin yolanda yusuf yvonne zachary zoe",
)

EVERYDAY_NAMES = word_set(
    "amber april art bill brook carol chase christian cliff crystal daisy dale dawn dean don drew faith frank gene",
    "glen grace grant hazel heather holly hope iris ivy jack jasmine jean joy june kim lance lily mark max may",
    "melody miles nick olive pat pearl penny ray rob robbie rose ruby sandy sue summer sunny victor violet will",
)
"""First names that are also something else; the words of section 5.1 are among them."""
