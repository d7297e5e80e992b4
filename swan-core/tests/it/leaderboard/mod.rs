mod ranking;
mod reputation;
