int csentencepiece_placeholder(void);
