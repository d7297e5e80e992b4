-- What goes back to a card, or is taken by one, leaves the funds that nodes share: it is granted below zero.
ALTER TABLE grants DROP CONSTRAINT grants_amount_check, ADD CHECK (amount <> 0);
