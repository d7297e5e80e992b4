//! The code of an answer, among what a model says around it.

/// The programs that an answer may mean, the likeliest first: each of its blocks, all of them together, and the text itself.
pub(super) fn programs(answer: &str, function: &str) -> Vec<String> {
    let answer = match answer.rsplit_once("</think>") {
        Some((_, after)) => after,
        None if answer.trim_start().starts_with("<think>") => return Vec::new(),
        None => answer,
    };
    let blocks = fenced(answer);
    let defines = |text: &str| {
        text.contains(&format!("def {function}")) || text.contains(&format!("{function} = lambda"))
    };
    // The last block that defines the function is the final word; what comes before may be a first try.
    let mut programs: Vec<String> = blocks
        .iter()
        .rev()
        .filter(|block| defines(block))
        .cloned()
        .collect();
    if blocks.len() > 1 {
        programs.push(blocks.join("\n"));
    }
    programs.extend(blocks.into_iter().rev());
    if programs.is_empty() {
        programs.extend(from_first_line(answer));
    }
    programs.truncate(4);
    programs.dedup();
    programs
}

/// What stands between the fences, whatever language they name; a last one without an end goes to the end.
fn fenced(answer: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in answer.lines() {
        let trimmed = line.trim_start();
        let mark = ["```", "~~~"]
            .into_iter()
            .find(|mark| trimmed.starts_with(mark));
        match (mark, &mut open) {
            (Some(mark), None) => open = Some((mark, String::new())),
            (Some(mark), Some((opened, text))) if mark == *opened => {
                blocks.push(std::mem::take(text));
                open = None;
            }
            (_, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks.extend(open.map(|(_, text)| text));
    blocks
        .iter()
        .map(|block| dedented(&without_prompts(block)))
        .collect()
}

/// Without fences: the lines from the first that begins like code up to the first that is prose again.
fn from_first_line(answer: &str) -> Option<String> {
    let begins = |line: &&str| {
        ["def ", "import ", "from "]
            .iter()
            .any(|word| line.starts_with(word))
    };
    let is_code = |line: &&str| {
        line.is_empty() || line.starts_with([' ', '\t', '#', ')', ']', '}']) || begins(line)
    };
    let lines = answer.lines().skip_while(|line| !begins(line));
    let code: Vec<&str> = lines.take_while(is_code).collect();
    (!code.is_empty()).then(|| code.join("\n"))
}

fn without_prompts(block: &str) -> String {
    let has_prompts = block.lines().any(|line| line.starts_with(">>> "));
    if !has_prompts {
        return block.to_owned();
    }
    let code = block.lines().filter_map(|line| {
        let prompt = line
            .strip_prefix(">>> ")
            .or_else(|| line.strip_prefix("... "));
        prompt.or_else(|| (line == "...").then_some(""))
    });
    code.collect::<Vec<_>>().join("\n")
}

/// Without the indentation that all lines share, as in a block within a list.
fn dedented(block: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let shared = block
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(indent)
        .min();
    let shared = shared.unwrap_or(0);
    let cut = |line| str::get(line, shared..).unwrap_or_default().to_owned() + "\n";
    block.lines().map(cut).collect()
}
