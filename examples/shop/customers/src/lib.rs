//! Who may buy, and for how much: customers and the credit they have left.
