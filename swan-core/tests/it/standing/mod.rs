mod facts;
mod ladder;
mod penalties;
mod properties;
mod scene;
mod slashing;
mod table;
mod windows;
