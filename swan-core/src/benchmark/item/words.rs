//! The words that questions are made of.

pub(super) const NAMES: [&str; 60] = [
    "Maya", "Jonas", "Priya", "Oskar", "Leila", "Tomasz", "Ingrid", "Kwame", "Sofia", "Hiro",
    "Nadia", "Felix", "Amara", "Luca", "Yusuf", "Clara", "Dmitri", "Elena", "Farid", "Greta",
    "Hugo", "Isla", "Javier", "Kira", "Liam", "Marta", "Noah", "Olga", "Pedro", "Quinn", "Rosa",
    "Samir", "Tessa", "Umar", "Vera", "Walter", "Ximena", "Yara", "Zoltan", "Anika", "Bruno",
    "Carmen", "Derek", "Esther", "Fiona", "Gustav", "Helga", "Ivan", "Judith", "Karim", "Lotte",
    "Miguel", "Nora", "Otto", "Paula", "Rafael", "Selma", "Thea", "Viktor", "Wanda",
];

pub(super) const GOODS: [&str; 32] = [
    "notebooks", "mugs", "candles", "plant pots", "posters", "bike lights", "scarves", "lamps",
    "paperbacks", "water bottles", "backpacks", "picture frames", "headphones", "puzzles",
    "cushions", "umbrellas", "phone cases", "board games", "pens", "T-shirts", "jars of honey",
    "bags of coffee", "boxes of tea", "bars of soap", "packs of batteries", "calendars", "belts",
    "kites", "chargers", "vases", "tripods", "gloves",
];

pub(super) const PLACES: [&str; 24] = [
    "a bakery", "a small workshop", "a print shop", "a garden centre", "a warehouse", "a library",
    "a school", "a hardware store", "a cafe", "a bookshop", "a farm", "a bottling plant",
    "a repair shop", "a museum shop", "a charity", "a sports club", "a factory", "a post office",
    "a theatre", "a hotel", "a nursery", "a brewery", "a pharmacy", "a studio",
];

pub(super) const MONTHS: [&str; 12] = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
];
