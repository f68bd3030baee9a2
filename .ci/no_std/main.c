/* Links the probe into a program, so that no symbol of it is left open, and runs it. */
int probe(void);

int main(void) {
    return probe();
}
