use super::{Modality, name};

#[test]
fn names_show_the_size_of_a_model() {
    for (text, millions) in [
        ("llama3.2:1b", Some(1_000)),
        ("qwen/qwen2.5-0.5b-instruct", Some(500)),
        ("huggingfacetb/smollm2-135m", Some(135)),
        ("mixtral-8x7b-instruct", Some(56_000)),
        ("qwen3-30b-a3b", Some(30_000)),
        ("llama-2-7b.q4_k_m.gguf", Some(7_000)),
        ("qwen3:8b-q4_k_m", Some(8_000)),
        ("moonshot/kimi-1t", Some(1_000_000)),
        ("unsloth/gemma-3-27b-it-4bit", Some(27_000)),
        ("l3.3-70b-euryale-v2.3", Some(70_000)),
        ("deepseek-r1-distill-qwen-1.5b", Some(1_500)),
        ("gpt-4o", None),
        ("echo", None),
        ("model-0b", None),
        ("model-99999999999999999999b", None),
        ("x-b", None),
        ("\u{663}b", None),
    ] {
        assert_eq!(name::million_parameters(text), millions, "{text}");
    }
}

#[test]
fn names_show_what_a_model_does() {
    for (text, modality) in [
        ("nomic-embed-text", Modality::Embedding),
        ("baai/bge-m3", Modality::Embedding),
        ("intfloat/multilingual-e5-large", Modality::Embedding),
        ("openai/whisper-tiny", Modality::Audio),
        ("black-forest-labs/flux.1-dev", Modality::Image),
        ("stabilityai/stable-diffusion-3.5", Modality::Image),
        ("qwen/qwen2.5-vl-7b", Modality::Chat),
        ("llama3", Modality::Chat),
        ("influxer-7b", Modality::Chat),
    ] {
        assert_eq!(name::modality(text), modality, "{text}");
    }
}
